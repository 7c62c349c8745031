import type { IEvent, IWatchCreateRequest, IWatchResponse } from 'etcd3';
import type { ToldEvent, WatchAsked, WatchTold } from '../history/watch.ts';

/** What etcd answered, as a history has it. A refusal that comes with `created` is a refusal. */
export function toldBy(response: IWatchResponse, atNs: number): WatchTold {
  const said = { atNs, revision: Number(response.header.revision) };
  if (response.canceled)
    return { ...said, kind: 'canceled', compactRevision: Number(response.compact_revision) };
  if (response.created) return { ...said, kind: 'created' };
  if (response.events.length === 0) return { ...said, kind: 'progress' };
  const fragment = response.fragment ? { fragment: true } : {};
  return { ...said, kind: 'events', events: response.events.map(toldEvent), ...fragment };
}

export function toldEvent({ type, kv, prev_kv }: IEvent): ToldEvent {
  const event = { revision: Number(kv.mod_revision), key: kv.key.toString() };
  // Protocol buffers leave a message out by null; etcd3's types do not say so.
  const before = prev_kv as IEvent['prev_kv'] | null;
  const prev = before
    ? { prev: { revision: Number(before.mod_revision), value: before.value.toString() } }
    : {};
  if (type === 'Delete') return { ...event, kind: 'delete', ...prev };
  return {
    ...event,
    kind: 'put',
    value: kv.value.toString(),
    createRevision: Number(kv.create_revision),
    ...prev,
  };
}

/** The request that asks for it. The prefix '' is all keys. */
export function createRequest(asked: WatchAsked): IWatchCreateRequest {
  const { key, prefix, startRevision, prevKv, noPut, noDelete } = asked;
  const filters = [...(noPut ? (['Noput'] as const) : []), ...(noDelete ? (['Nodelete'] as const) : [])];
  return {
    ...(prefix ? rangeOf(key) : { key: Buffer.from(key) }),
    ...(startRevision !== undefined && { start_revision: String(startRevision) }),
    ...(prevKv && { prev_kv: true }),
    ...(filters.length > 0 && { filters }),
  };
}

function rangeOf(prefix: string): { key: Buffer; range_end: Buffer } {
  if (prefix === '') return { key: Buffer.from([0]), range_end: Buffer.from([0]) };
  const [key, end] = [Buffer.from(prefix), Buffer.from(prefix)];
  end[end.length - 1]! += 1;
  return { key, range_end: end };
}
