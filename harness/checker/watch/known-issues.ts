import type { EventLog } from './event-log.ts';
import type { Broken, WatchGuaranteeName } from './guarantee.ts';

/** A KnownIssue is a mistake of some etcd versions that a finding may show: the report names it beside the finding. */
interface KnownIssue {
  readonly name: string;
  /** The first versions without it; a minor version that is not named has it if it is older than these. */
  readonly mendedIn: readonly string[];
  explains(guarantee: WatchGuaranteeName, found: Broken, log: EventLog): boolean;
}

const knownIssues: readonly KnownIssue[] = [
  {
    name: 'etcd-io/etcd#15220 (a requested progress notice overtakes events)',
    mendedIn: ['3.4.25', '3.5.8'],
    explains: (guarantee) => guarantee === 'bookmarkable',
  },
  {
    name: 'etcd-io/etcd#18089 and #19179 (a delete is lost where the history was compacted at it)',
    mendedIn: ['3.4.36', '3.5.18'],
    explains: (guarantee, { missing, kind, revision }, log) =>
      (guarantee === 'resumable' || guarantee === 'reliable') &&
      missing === true &&
      kind === 'delete' &&
      log.compactedFrom(revision),
  },
  {
    name: 'etcd-io/etcd#20291 (a watch from a future revision is told of older ones)',
    mendedIn: ['3.4.38', '3.5.22'],
    explains: (guarantee, { kind, missing }) => guarantee === 'resumable' && kind !== undefined && !missing,
  },
  {
    name: 'etcd-io/etcd#15271 (a watch goes back in time after its member was sent a snapshot)',
    mendedIn: ['3.4.25', '3.5.8'],
    explains: (guarantee) => guarantee === 'ordered' || guarantee === 'unique',
  },
  {
    name: 'etcd-io/etcd#17529 (a slow watch loses events when the history behind it is compacted)',
    mendedIn: ['3.4.31', '3.5.13'],
    explains: (guarantee, { missing, revision }, log) =>
      guarantee === 'reliable' && missing === true && log.compactedFrom(revision),
  },
];

/**
 * The known issue of this version that may have made a finding. It explains, and excuses nothing: what a watcher was
 * told is wrong all the same.
 */
export function knownIssue(
  etcdVersion: string,
  guarantee: WatchGuaranteeName,
  found: Broken,
  log: EventLog,
): string | undefined {
  return knownIssues.find((issue) => has(issue, etcdVersion) && issue.explains(guarantee, found, log))?.name;
}

function has({ mendedIn }: KnownIssue, version: string): boolean {
  const own = numbers(version);
  if (!own) return false;
  const mended = mendedIn.map((one) => numbers(one)!);
  const ofMinor = mended.find(([major, minor]) => major === own[0] && minor === own[1]);
  if (ofMinor) return own[2] < ofMinor[2];
  return mended.every(([major, minor]) => own[0] < major || (own[0] === major && own[1] < minor));
}

function numbers(version: string): readonly [number, number, number] | undefined {
  const found = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version);
  return found ? [Number(found[1]), Number(found[2]), Number(found[3])] : undefined;
}
