import { tellEvent, type WatchGuarantee } from './guarantee.ts';

/**
 * Demands that nothing is left out between two events that were told, nor before what was waited for; and that what is
 * told is what happened.
 *
 *   log: a@5 a@6 a@7      told: a@5, a@7
 */
export const reliable: WatchGuarantee = {
  name: 'reliable',
  demands: 'between two events that are told none is left out, and each is told as it happened',
  unjudged: 'no watcher was told an event',
  follow: (delivery, { judged, broken }) => {
    const { log } = delivery;
    return {
      hear({ told, events }) {
        for (const { event, index } of events) {
          if (index === undefined) continue;
          judged();
          const truth = index === null ? undefined : log.events[index]!;
          if (truth?.kind === event.kind && sameValue(truth.value, event.value)) continue;
          const what =
            truth === undefined
              ? 'which never happened'
              : `with the value ${event.value}, but what happened was a ${tellEvent(truth)} with ${truth.value}`;
          broken({ ...event, atNs: told.atNs, summary: `told the ${tellEvent(event)}, ${what}` });
        }
      },
      end() {
        const { startRevision } = delivery.asked;
        delivery.forEachUntold(delivery.coveredTo, (event) => {
          // Where a watch from a revision begins is for `resumable`.
          if (startRevision !== undefined && event.revision < delivery.lowest) return;
          const after =
            event.revision < delivery.highest
              ? `, though it told revision ${delivery.highest}`
              : ', which was waited for';
          broken({
            ...event,
            missing: true,
            atNs: delivery.endedAtNs,
            summary: `never told the ${tellEvent(event)}${after}`,
          });
        });
      },
    };
  },
};

/** A record may leave values out; then only what happened is compared. */
function sameValue(truth: string | undefined, told: string | undefined): boolean {
  return truth === undefined || told === undefined || truth === told;
}
