import type {
  LogEvent,
  ToldEvent,
  WatchAsked,
  WatchHistory,
  WatchTold,
} from '../../../harness/history/watch.ts';

/**
 * Tiny watch histories in a line each. The log: `a5` is a put of a at revision 5 (its value is a5), `a6x` a delete.
 * Told, in order:
 *
 *   a5        a list of that one event        (a5 b5)  a list of two        {a5}  a list that goes on in the next one
 *   a5=v      with this value                 a5+      told as a creation   a5~3  as made at revision 3
 *   a5<3      with what a held at 3 before    a5*      found by a comparison
 *   C4        created at revision 4           P9       progress up to 9     X7    canceled, compacted up to 7
 */
export function history(given: {
  readonly log: string;
  readonly told: string;
  readonly asked?: Partial<WatchAsked>;
  readonly settledTo?: number;
  readonly fromRevision?: number;
  readonly compactions?: readonly number[];
  readonly etcdVersion?: string;
  readonly allKeys?: boolean;
}): WatchHistory {
  const { fromRevision = 1, compactions = [], etcdVersion, settledTo, allKeys = false } = given;
  const events = given.log.split(' ').filter(Boolean).map(logEvent);
  return {
    log: {
      fromRevision,
      toRevision: events.at(-1)?.revision ?? fromRevision,
      allKeys,
      events,
      compactions,
    },
    watchers: [
      {
        name: 'w',
        asked: { key: '', prefix: true, ...given.asked },
        told: responses(given.told),
        ...(settledTo !== undefined && { settledTo }),
      },
    ],
    ...(etcdVersion && { etcdVersion }),
  };
}

function logEvent(text: string): LogEvent {
  const { revision, key, kind, value } = toldEvent(text);
  return { revision, key, kind, ...(value !== undefined && { value }) };
}

function responses(text: string): WatchTold[] {
  const parts = text.match(/\([^)]*\)|\{[^}]*\}|\S+/g) ?? [];
  return parts.map((part, i): WatchTold => {
    const atNs = (i + 1) * 1e6;
    const notice = /^([CPX])(\d+)$/.exec(part);
    const revision = Number(notice?.[2] ?? 0);
    if (notice?.[1] === 'C') return { kind: 'created', revision, atNs };
    if (notice?.[1] === 'P') return { kind: 'progress', revision, atNs };
    if (notice?.[1] === 'X') return { kind: 'canceled', revision: 0, compactRevision: revision, atNs };
    const events = part
      .replaceAll(/[(){}]/g, ' ')
      .split(' ')
      .filter(Boolean)
      .map(toldEvent);
    return {
      kind: 'events',
      revision: events.at(-1)?.revision ?? 0,
      events,
      atNs,
      ...(part.startsWith('{') && { fragment: true }),
    };
  });
}

function toldEvent(text: string): ToldEvent {
  const found = /^([a-z/]+)(\d+)(x?)(?:=(\w+))?(?:(\+)|~(\d+))?(?:<(\d+))?(\*?)$/.exec(text);
  if (!found) throw new Error(`expected an event such as a5, a5x or a5+<3, got ${text}`);
  const [, key, digits, deleted, value, created, madeAt, before, compared] = found;
  const revision = Number(digits);
  return {
    key: key!,
    revision,
    ...(deleted ? { kind: 'delete' } : { kind: 'put', value: value ?? `${key}${digits}` }),
    ...(created && { createRevision: revision }),
    ...(madeAt && { createRevision: Number(madeAt) }),
    ...(before && { prev: { revision: Number(before), value: `${key}${before}` } }),
    ...(compared && { compared: true }),
  };
}
