import type { EtcdIssue } from '../etcd-issue.ts';
import { earlyProgress } from './early-progress.ts';
import { lostDelete } from './lost-delete.ts';
import { watchGoesBack } from './watch-goes-back.ts';

/** Known bugs of etcd that are looked for where the running version has them. */
export const etcdIssues: readonly EtcdIssue[] = [lostDelete, earlyProgress, watchGoesBack];
