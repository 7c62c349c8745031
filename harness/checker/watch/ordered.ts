import { tellEvent, type WatchGuarantee } from './guarantee.ts';

/**
 * Demands that what happened earlier is never told after what happened later. Within one revision nothing is earlier.
 * A compared event has its place in the order of its key alone.
 *
 *   log: a@5 b@6      told: b@6, a@5
 */
export const ordered: WatchGuarantee = {
  name: 'ordered',
  demands: 'an event is never told after one of a later revision',
  unjudged: 'no watcher was told two events',
  follow: (_, { judged, broken }) => {
    let newest = 0;
    const newestOfKey = new Map<string, number>();
    return {
      hear({ told, events }) {
        for (const { event, again } of events) {
          const { key, revision, compared } = event;
          const ofKey = newestOfKey.get(key) ?? 0;
          const before = compared ? ofKey : Math.max(newest, ofKey);
          if (before > 0) judged();
          if (revision < before) {
            const repeated = again ? ', and had told it before' : '';
            broken({
              ...event,
              atNs: told.atNs,
              summary: `told the ${tellEvent(event)} after one at revision ${before}${repeated}`,
            });
          }
          if (!compared) newest = Math.max(newest, revision);
          newestOfKey.set(key, Math.max(ofKey, revision));
        }
      },
    };
  },
};
