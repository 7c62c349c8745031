import type { PlacedResponse } from './delivery.ts';
import { tellEvent, type WatchGuarantee } from './guarantee.ts';

/**
 * Demands that a progress notice is true: when it says "told up to 9", everything up to 9, and of it, has been told.
 * And that notices never fall.
 *
 *   log: a@5 a@9      told: a@5, progress 9, a@9
 */
export const bookmarkable: WatchGuarantee = {
  name: 'bookmarkable',
  demands: 'a progress notice is never ahead of the events that it speaks for, and never falls',
  unjudged: 'no watcher was told of its progress',
  follow: (delivery, { judged, broken }) => {
    /** The highest that was told. */
    let progress = 0;
    let progressAtNs = 0;
    function notice({ revision, atNs }: PlacedResponse['told']): void {
      judged();
      if (revision < progress) {
        const summary = `told of progress up to revision ${revision} after progress up to ${progress}`;
        broken({ revision, atNs, summary });
      }
      if (revision > progress) [progress, progressAtNs] = [revision, atNs];
    }
    return {
      hear(response) {
        const { told, events } = response;
        if (told.kind === 'progress') notice(told);
        for (const { event, again } of events) {
          if (again || event.compared || event.revision > progress) continue;
          const summary = `told the ${tellEvent(event)} after progress up to revision ${progress}`;
          broken({ ...event, atNs: told.atNs, summary });
        }
      },
      end() {
        delivery.forEachUntold(progress, (event) =>
          broken({
            ...event,
            atNs: progressAtNs,
            summary: `told of progress up to revision ${progress}, and never the ${tellEvent(event)}`,
          }),
        );
      },
    };
  },
};
