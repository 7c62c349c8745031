import type { Bug } from './bug.ts';
import { mutantBugs } from './cells.ts';
import { fenceMutantBugs } from './ended-lease.ts';
import { issueBug } from './etcd-issue.ts';
import { etcdIssues } from './etcd-issues/list.ts';
import { trapBug } from './trap.ts';
import { clientTraps } from './traps/list.ts';
import { watchMutantBugs } from './watch-cut.ts';

/** The corpus. */
export const bugs: readonly Bug[] = [
  ...mutantBugs,
  ...watchMutantBugs,
  ...fenceMutantBugs,
  ...clientTraps.map(trapBug),
  ...etcdIssues.map(issueBug),
];
