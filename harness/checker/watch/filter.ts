import { tellEvent, type WatchGuarantee } from './guarantee.ts';

/**
 * Demands that a watcher is told of nothing but what it asked for: its key or prefix, and no kind that it filtered out.
 *
 *   asked: prefix a/      told: put a/1 @5, put b/1 @6
 */
export const filter: WatchGuarantee = {
  name: 'filter',
  demands: 'a watcher is told only of the keys and kinds of change that it asked for',
  unjudged: 'no watcher was told an event',
  follow: (delivery, { judged, broken }) => ({
    hear({ told, events }) {
      for (const { event } of events) {
        judged();
        if (delivery.wants(event)) continue;
        broken({
          ...event,
          atNs: told.atNs,
          summary: `told the ${tellEvent(event)}, which it did not ask for`,
        });
      }
    },
  }),
};
