import type { LogEvent } from '../../history/watch.ts';
import { type Broken, tellEvent, type WatchGuarantee } from './guarantee.ts';

/**
 * Demands that a watch from a revision, which is how a broken one is taken up again, begins with the first event at
 * that revision or after it, for as long as the revision is in the history; and not before it.
 *
 *   log: a@5 a@6      asked: from 5      told: a@6
 */
export const resumable: WatchGuarantee = {
  name: 'resumable',
  demands: 'a watch from a revision begins with the first event there, while that is in the history',
  unjudged: 'no watcher asked for a start revision and was told an event',
  follow: (delivery, { judged, broken }) => {
    const start = delivery.asked.startRevision;
    if (start === undefined) return {};
    return {
      hear({ told, events }) {
        for (const { event } of events) {
          if (event.compared) continue;
          judged();
          if (event.revision >= start) continue;
          broken({
            ...event,
            atNs: told.atNs,
            summary: `told the ${tellEvent(event)}, but asked for what there is from revision ${start}`,
          });
        }
        if (told.kind !== 'canceled' || told.compactRevision === 0) return;
        judged();
        const next = Math.max(start, delivery.highest + 1);
        if (told.compactRevision > next) return;
        broken({
          revision: next,
          atNs: told.atNs,
          summary: `refused revision ${next} as compacted, but the history went back to ${told.compactRevision}`,
        });
      },
      end() {
        // What is missing after the first that was told is a gap, and that is for `reliable`.
        delivery.forEachUntold(Math.min(delivery.coveredTo, delivery.lowest - 1), (event) =>
          broken(notBegunWith(event, start, delivery.endedAtNs)),
        );
      },
    };
  },
};

function notBegunWith(event: LogEvent, start: number, atNs: number): Broken {
  return {
    ...event,
    missing: true,
    atNs,
    summary: `asked for what there is from revision ${start}, and never told the ${tellEvent(event)}`,
  };
}
