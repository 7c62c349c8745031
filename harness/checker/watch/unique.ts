import { tellEvent, type WatchGuarantee } from './guarantee.ts';

/**
 * Demands that no watcher is told the same event twice.
 *
 *   log: a@5 a@6      told: a@5, a@5, a@6
 */
export const unique: WatchGuarantee = {
  name: 'unique',
  demands: 'no event is told twice to one watcher',
  unjudged: 'no watcher was told an event',
  follow: (_, { judged, broken }) => ({
    hear({ told, events }) {
      for (const { event, again } of events) {
        judged();
        if (!again) continue;
        broken({ ...event, atNs: told.atNs, summary: `told the ${tellEvent(event)} again` });
      }
    },
  }),
};
