import type { Promised, StrategyDescription } from '../../harness/service/strategy.ts';
import type { WatchedName } from './ways.ts';

const summaries: Readonly<Record<WatchedName, string>> = {
  'watch-raw': "a copy fed by the library's own watcher, as it is mostly used",
  'watch-versions': "a copy fed by the careful watch, which compares each key's versions",
  'watch-polled': 'a copy fed by the careful watch, which also compares with a list from time to time',
  'watch-careful': 'a copy fed by the careful watch with both mitigations',
};

/**
 * Writes and linearizable reads are etcd's own. Nobody promises of the library's watcher what it does not keep; what
 * it does is measured.
 */
export const watchedCopies: readonly Omit<StrategyDescription, 'command'>[] = Object.entries(summaries).map(
  ([name, summary]) => ({
    name,
    summary,
    valueKeys: 'watched/',
    promises: (): readonly Promised[] => [
      { guarantee: 'linearizable' },
      ...(name === 'watch-raw' ? [] : [{ guarantee: 'watch' } as const]),
    ],
  }),
);
