import type { CarefulWatchOptions } from '../etcd/careful-watch.ts';

export const watchedNames = ['watch-raw', 'watch-versions', 'watch-polled', 'watch-careful'] as const;
export type WatchedName = (typeof watchedNames)[number];

/** What of the careful watch is switched on; undefined: it is not the careful watch at all. */
export function mitigationsOf(name: WatchedName, timeScale: number): CarefulWatchOptions | undefined {
  const settleMs = Math.max(200, 1_000 * timeScale);
  const pollEveryMs = Math.max(200, 1_000 * timeScale);
  switch (name) {
    case 'watch-raw':
      return undefined;
    case 'watch-versions':
      return { settleMs, compareVersions: true };
    case 'watch-polled':
      return { settleMs, pollEveryMs };
    case 'watch-careful':
      return { settleMs, pollEveryMs, compareVersions: true };
  }
}
