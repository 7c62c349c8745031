import { tellEvent, type WatchGuarantee } from './guarantee.ts';

/**
 * Demands that an event brings, where that was asked for, what its key held right before: nothing when there was no
 * such key. etcd may leave it out when the history right before the event is compacted.
 *
 *   log: put a=1 @5, put a=2 @6, put a=3 @7      told: a=3 @7, before it a=1 @5
 */
export const prevKv: WatchGuarantee = {
  name: 'prev-kv',
  demands: 'an event brings what its key held right before it, where that was asked for',
  unjudged: 'no watcher that asked for the previous values was told an event whose previous value is known',
  follow: ({ asked, log }, { judged, broken }) => ({
    hear({ told, events }) {
      if (!asked.prevKv) return;
      for (const { event, index } of events) {
        if (index == null || event.compared) continue;
        const before = log.before(index);
        if (before === undefined) continue;
        if (event.prev === undefined && log.maybeCompacted(event.revision - 1)) continue;
        judged();
        if (
          event.prev?.revision === before?.revision &&
          (before?.value ?? event.prev?.value) === event.prev?.value
        )
          continue;
        const brought = event.prev ? `${event.prev.value} of revision ${event.prev.revision}` : 'nothing';
        const truth = before ? `${before.value} of revision ${before.revision}` : 'nothing';
        broken({
          ...event,
          atNs: told.atNs,
          summary: `told the ${tellEvent(event)} with ${brought} before it, where there was ${truth}`,
        });
      }
    },
  }),
};
