import { describe, expect, test } from 'vitest';
import type { MemberStatus } from '../../harness/cluster/cluster.ts';
import { agreedLeader, findLeader, NoLeader } from '../../harness/cluster/leader.ts';

/** `m1` says: my leader is … in term …; null leader: none. undefined: does not answer. */
function statuses(...said: ([leader: string | null, term: number] | undefined)[]): MemberStatus[] {
  return said.map((one, index) => {
    const member = `m${index + 1}`;
    if (!one) return { member, reachable: false, reason: 'no answer within 300 ms' };
    const [leader, term] = one;
    return { member, reachable: true, leader, term, revision: 1, raftIndex: 1, version: '3.4.23' };
  });
}

describe('the leader that a majority agrees on', () => {
  test.each([
    ['all agree', statuses(['m2', 3], ['m2', 3], ['m2', 3]), 'm2'],
    ['one does not answer', statuses(undefined, ['m2', 3], ['m2', 3]), 'm2'],
    ['one still waits to hear', statuses([null, 3], ['m2', 3], ['m2', 3]), 'm2'],
    ['the old one names itself in its old term', statuses(['m1', 2], ['m2', 3], ['m2', 3]), 'm2'],
    [
      'a minority of two in an old term',
      statuses(['m1', 2], ['m1', 2], ['m4', 5], ['m4', 5], ['m4', 5]),
      'm4',
    ],
    ['a single member', statuses(['m1', 2]), 'm1'],
    ['followers name one that is dead', statuses(undefined, ['m1', 2], ['m1', 2]), null],
    ['they name it in different terms', statuses(['m1', 4], ['m1', 3], ['m1', 2]), null],
    ['it has stepped down already', statuses([null, 2], ['m1', 2], ['m1', 2]), null],
    ['nobody knows one', statuses([null, 7], [null, 8], [null, 9]), null],
    ['only half of all name it', statuses(['m1', 2], ['m1', 2], undefined, undefined), null],
  ])('%s: %o', (_what, said, leader) => {
    expect(agreedLeader(said)?.name ?? null).toBe(leader);
  });
});

test('waiting for a leader ends with what each member said', async () => {
  const cluster = {
    status: async () => statuses([null, 4], ['m1', 3], undefined),
    member: () => {
      throw new Error('should not be asked');
    },
  };
  const error = await findLeader(cluster, { timeoutMs: 60 }).catch((e) => e);
  expect(error).toBeInstanceOf(NoLeader);
  expect(error.message).toBe(
    'no leader that a majority agrees on within 60 ms; m1 knows no leader in term 4; m2 names m1 in term 3; ' +
      'm3 does not answer (no answer within 300 ms)',
  );
});

test('waiting for a leader ends with its signal', async () => {
  const stop = new AbortController();
  const cluster = { status: async () => statuses([null, 1]), member: () => undefined as never };
  const waiting = findLeader(cluster, { timeoutMs: 60_000, signal: stop.signal });
  setTimeout(() => stop.abort(new Error('enough')), 30);
  await expect(waiting).rejects.toThrow();
});
