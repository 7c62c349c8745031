import { tellEvent, type WatchGuarantee } from './guarantee.ts';

/**
 * Demands that the events of one revision, which one transaction made, come in one list: never a part of them, and
 * the others later. What is never told at all is for `reliable`. A list in fragments, where asked for, is one list.
 *
 *   log: a@5 b@5      told: [a@5], [b@5]
 */
export const atomic: WatchGuarantee = {
  name: 'atomic',
  demands: 'all events of one revision come in one list',
  unjudged: 'no watcher was told a transaction of several events',
  follow: (delivery, { judged, broken }) => {
    const { log } = delivery;
    /** The revision of several events that is being told, and the list that it began in. */
    const listOf = new Map<number, number>();
    const isOfSeveral = (index: number) => {
      const { revision } = log.events[index]!;
      return [index - 1, index + 1].some((near) => log.events[near]?.revision === revision);
    };
    return {
      hear({ told, list, events }) {
        for (const { event, index, again } of events) {
          // What a comparison found comes alone, and what is told twice is for `unique`.
          if (index == null || again || event.compared || !isOfSeveral(index)) continue;
          const first = listOf.get(event.revision);
          if (first === undefined) listOf.set(event.revision, list);
          else if (first === list) judged();
          else
            broken({
              ...event,
              atNs: told.atNs,
              summary: `told the ${tellEvent(event)} apart from the others of its transaction`,
            });
        }
      },
    };
  },
};
