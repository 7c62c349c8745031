import { tellEvent, type WatchGuarantee } from './guarantee.ts';

/**
 * Demands that a put says whether it made its key: its create revision is its own when there was no such key before
 * (never, or deleted), and an earlier one when there was.
 *
 *   log: put a@5, put a@6      told: a@5 (created at 5), a@6 (created at 6)
 */
export const isCreate: WatchGuarantee = {
  name: 'is-create',
  demands: 'a put is told as a creation when its key was not there before, and only then',
  unjudged: 'no watcher was told a put together with the revision at which its key was made',
  follow: ({ log }, { judged, broken }) => ({
    hear({ told, events }) {
      for (const { event, index } of events) {
        if (index == null || event.kind !== 'put' || event.createRevision === undefined) continue;
        const before = log.before(index);
        if (before === undefined) continue;
        judged();
        const says = event.createRevision === event.revision;
        if (says === (before === null)) continue;
        const truth = before === null ? 'there was no such key' : `the key held ${before.revision}'s value`;
        broken({
          ...event,
          atNs: told.atNs,
          summary: `told the ${tellEvent(event)} as ${says ? 'a creation' : 'an update'}, but ${truth} before it`,
        });
      }
    },
  }),
};
