import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkFile } from '../../harness/check-file.ts';
import { checkers } from '../../harness/checker/list.ts';
import { kv } from '../../harness/checker/models/kv.ts';
import { register } from '../../harness/checker/models/register.ts';
import { encodeOperation } from '../../harness/history/format.ts';
import { HistoryError } from '../../harness/history/history-error.ts';
import type { Observation } from '../../harness/history/observation.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { environmentPromises, judge, tellPromise } from '../../harness/judge.ts';
import type { Promised } from '../../harness/service/strategy.ts';
import { ok } from './build.ts';

const everything: readonly Promised[] = [
  { guarantee: 'linearizable' },
  { guarantee: 'no-lost-writes', order: 'real-time' },
  { guarantee: 'bounded-staleness', grade: 'eventual', maxStaleMs: 100 },
  { guarantee: 'read-your-writes', grade: 'session' },
  { guarantee: 'monotonic-reads', grade: 'session' },
  { guarantee: 'convergence' },
  { guarantee: 'progress', withinMs: 100 },
  { guarantee: 'monotonic-writes', order: 'real-time' },
  { guarantee: 'writes-follow-reads', grade: 'session' },
  { guarantee: 'bounded-revisions', grade: 'linearizable', maxRevisions: 0 },
  { guarantee: 'availability', grade: 'session', okShare: 0.9 },
];

const final = { final: true as const, grade: 'linearizable' as const };

/** A run in which nothing goes wrong. */
const healthy: Operation[] = [
  ok.write(1, 0, 1, { process: 1, instance: 's1' }),
  ok.read(1, 2, 3, { process: 1, instance: 's1', grade: 'session' }),
  ok.write(2, 4, 5, { process: 1, instance: 's1' }),
  ok.read(2, 6, 7, { process: 1, instance: 's1', grade: 'session' }),
  ok.read(2, 8, 9, { process: 2, instance: 's2', grade: 'linearizable' }),
  ok.read(2, 200, 201, { process: 2, instance: 's2', grade: 'eventual' }),
  ok.read(2, 300, 301, { process: 2, instance: 's2', ...final }),
  ok.read(2, 300, 301, { process: 1, instance: 's1', ...final }),
];

const states = (operations: readonly Operation[], promises = everything) =>
  judge({ operations, faults: [] }, promises).verdicts.map(({ state }) => state);

describe('promises', () => {
  it('are all kept by a run in which nothing goes wrong', () => {
    const { verdicts, violations } = judge({ operations: healthy, faults: [] }, everything);
    expect(verdicts.map(({ state, reason }) => reason ?? state)).toEqual(everything.map(() => 'kept'));
    expect(violations).toEqual([]);
    expect(verdicts.every(({ operations }) => operations > 0)).toBe(true);
  });

  it('are all unknown of an empty run, each with its reason', () => {
    const { verdicts } = judge({ operations: [], faults: [] }, everything);
    expect(verdicts.map(({ state }) => state)).toEqual(everything.map(() => 'unknown'));
    expect(verdicts.every(({ reason }) => reason !== undefined && reason.length > 0)).toBe(true);
  });

  it('are broken one by one', () => {
    const replaced = (at: number, change: Partial<Operation>) =>
      healthy.map((one, i) => (i === at ? { ...one, ...change } : one));
    expect(states(replaced(4, { value: 1 }))[0]).toBe('broken');
    expect(states(replaced(6, { value: 1 }).map((one) => (one.final ? { ...one, value: 1 } : one)))[1]).toBe(
      'broken',
    );
    expect(states(replaced(5, { value: 1 }))[2]).toBe('broken');
    expect(states(replaced(3, { value: 1 }))[3]).toBe('broken');
    expect(
      states(
        replaced(1, { value: 2, invokeNs: 5.5e6, returnNs: 5.6e6 }).map((one, i) =>
          i === 3 ? { ...one, value: 1 } : one,
        ),
      )[4],
    ).toBe('broken');
    expect(states(replaced(7, { value: 1 }))[5]).toBe('broken');
    expect(
      states(
        replaced(5, { outcome: 'fail', value: undefined }).concat(
          ok.read(2, 210, 211, { outcome: 'fail', instance: 's2' } as never),
        ),
      )[6],
    ).toBe('broken');
  });

  it('count their violations and hand them on', () => {
    const stale = healthy.map((one) => (one.grade === 'eventual' ? { ...one, value: 1 } : one));
    const { verdicts, violations } = judge({ operations: stale, faults: [] }, everything);
    expect(verdicts[2]).toMatchObject({
      state: 'broken',
      violations: 1,
      text: 'eventual reads at most 100 ms stale, unless marked',
    });
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatchObject({ checker: 'staleness', key: 'k' });
  });

  it('are never called linearizable when nothing was read or written', () => {
    expect(
      judge({ operations: [ok.write(1, 0, 1)], faults: [] }, [everything[0]!]).verdicts[0],
    ).toMatchObject({
      state: 'unknown',
      reason: 'no linearizable read succeeded',
    });
    expect(
      judge({ operations: [ok.read(null, 0, 1)], faults: [] }, [everything[0]!]).verdicts[0],
    ).toMatchObject({
      state: 'unknown',
      reason: 'no write was acknowledged',
    });
  });

  it('about leases tell how soon their end was noticed', () => {
    const [verdict] = judge(
      {
        operations: [],
        faults: [],
        observations: [
          {
            kind: 'leases',
            member: 'm1',
            askedNs: 0,
            answeredNs: 1e6,
            revision: 5,
            held: [{ holder: 's1', epoch: 4 }],
          },
          { kind: 'belief', holder: 's1', epoch: 4, alive: true, askedNs: 2e6, answeredNs: 3e6 },
          { kind: 'leases', member: 'm1', askedNs: 9e6, answeredNs: 10e6, revision: 9, held: [] },
        ],
      },
      [{ guarantee: 'lease-truth' }],
    ).verdicts;
    expect(verdict).toMatchObject({
      state: 'kept',
      note: expect.stringMatching(/^s1's lease of epoch 4 ended/),
    });
  });

  it('of the members are kept by what an observer saw, and unknown where nobody looked', () => {
    const seen = { askedNs: 0, answeredNs: 1e6 };
    const later = { askedNs: 2e6, answeredNs: 3e6 };
    const observations = ['m1', 'm2', 'm3'].flatMap((member, i): Observation[] => [
      { kind: 'member', member, process: 'up', revision: 5, ...seen },
      { kind: 'member', member, process: 'up', revision: 7, ...later },
      { kind: 'hash', member, revision: 7, compactRevision: 0, hash: 77, ...later },
      { kind: 'log', member, lines: 10, serious: [], elections: i === 0 ? [{ id: 'a', term: 2 }] : [] },
    ]);
    const statesOf = (given: readonly Observation[]) =>
      judge({ operations: [], faults: [], observations: given }, environmentPromises).verdicts.map(
        ({ state }) => state,
      );
    expect(statesOf(observations)).toEqual(['kept', 'kept', 'kept', 'kept']);
    expect(statesOf([])).toEqual(['unknown', 'unknown', 'unknown', 'unknown']);
  });

  it('that say nothing of an order over instances leave it open', () => {
    const operations = [
      ok.write(1, 0, 1, { process: 1, instance: 's1' }),
      ok.write(2, 2, 3, { process: 2, instance: 's2' }),
      ok.read(2, 4, 5, { process: 3, instance: 's1', grade: 'session' }),
      ok.read(1, 6, 7, { process: 3, instance: 's1', grade: 'session' }),
    ];
    const monotonic: Promised = { guarantee: 'monotonic-reads', grade: 'session' };
    expect(states(operations, [monotonic])).toEqual(['kept']);
    expect(states(operations, [monotonic, { guarantee: 'linearizable' }])[0]).toBe('broken');
    const stale: Promised = { guarantee: 'bounded-staleness', grade: 'session', maxStaleMs: 1 };
    expect(states(operations, [monotonic, stale])).toEqual(['broken', 'broken']);
  });

  it('of order per instance leave the order of two instances open', () => {
    const operations = [
      ok.write(1, 0, 1, { process: 1, instance: 's1' }),
      ok.write(2, 2, 3, { process: 2, instance: 's2' }),
      ok.read(2, 4, 5, { process: 3, grade: 'session' }),
      ok.read(1, 6, 7, { process: 3, grade: 'session' }),
    ];
    const monotonic: Promised = { guarantee: 'monotonic-reads', grade: 'session' };
    const noLostWrites = (order: 'real-time' | 'per-instance'): Promised => ({
      guarantee: 'no-lost-writes',
      order,
    });
    expect(states(operations, [monotonic, noLostWrites('real-time')])[0]).toBe('broken');
    expect(states(operations, [monotonic, noLostWrites('per-instance')])[0]).toBe('kept');
  });

  it('are told in words that differ', () => {
    expect(new Set([...everything, ...environmentPromises].map(tellPromise)).size).toBe(
      everything.length + environmentPromises.length,
    );
  });
});

describe('a file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'faultline-check-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const file = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  };

  /** By linearizability alone. */
  const checked = async (path: string, model = register) =>
    (await checkFile(path, { settings: { model } }))[0];

  it('that is right is valid', async () => {
    const path = await file(
      'right.jsonl',
      [ok.write(1, 0, 1), ok.read(1, 2, 3)].map(encodeOperation).join(''),
    );
    expect(await checked(path)).toEqual({
      file: path,
      checker: 'linearizability',
      valid: true,
      operations: 2,
      elapsedMs: expect.any(Number),
      violations: [],
    });
  });

  it('that is wrong is not, and tells lines where it has no times', async () => {
    const path = await file(
      'wrong.edn',
      '{:process 0 :type :invoke :f :write :value 1}\n{:process 0 :type :ok :f :write :value 1}\n' +
        '{:process 1 :type :invoke :f :read :value nil}\n{:process 1 :type :ok :f :read :value nil}\n',
    );
    const verdict = await checked(path);
    expect(verdict).toMatchObject({ valid: false, operations: 2 });
    expect(verdict.violations[0]!.summary).toBe(
      'read nothing by process 1 at line 3, but it had been given a value by write 1 by process 0 (sent line 1, acknowledged line 2)',
    );
  });

  it('of another model is an error that names the right one', async () => {
    const path = await file(
      'kv.jsonl',
      [ok.append('x', 0, 1), ok.read('x', 2, 3)].map(encodeOperation).join(''),
    );
    await expect(checked(path)).rejects.toThrow(
      /kv.jsonl: the model register does not know "append" \(process 0\); use --model kv/,
    );
    await expect(checked(path)).rejects.toBeInstanceOf(HistoryError);
    expect((await checked(path, kv)).valid).toBe(true);
  });

  it('that is empty is unknown', async () => {
    expect(await checked(await file('empty.jsonl', ''))).toMatchObject({
      valid: 'unknown',
      reason: 'no operation happened',
    });
  });

  it('is judged by every checker of the list, a verdict each, in their order', async () => {
    const path = await file(
      'all.jsonl',
      [ok.write(1, 0, 1), ok.read(1, 2, 3), ok.write(2, 4, 5), ok.read(1, 6, 7)]
        .map(encodeOperation)
        .join(''),
    );
    const verdicts = await checkFile(path, { checkers });
    expect(verdicts.map(({ checker }) => checker)).toEqual(checkers.map(({ name }) => name));
    const states = Object.fromEntries(verdicts.map(({ checker, valid }) => [checker, valid]));
    expect(states).toMatchObject({
      linearizability: false,
      staleness: false,
      'read-your-writes': false,
      'lost-writes': 'unknown',
      convergence: 'unknown',
    });
  });

  it('is judged at the grade asked for, or at session', async () => {
    const graded = { grade: 'eventual' } as const;
    const path = await file(
      'graded.jsonl',
      [ok.write(1, 0, 1), ok.write(2, 2, 3), ok.read(1, 6, 7, graded)].map(encodeOperation).join(''),
    );
    const [own] = checkers.filter(({ name }) => name === 'read-your-writes');
    expect((await checkFile(path, { checkers: [own!] }))[0]).toMatchObject({
      valid: 'unknown',
      reason: 'no process read at grade session what it had written',
    });
    expect((await checkFile(path, { checkers: [own!], settings: graded }))[0].valid).toBe(false);
  });

  it('that is torn is judged by what is there, with a note', async () => {
    const path = await file('torn.jsonl', `${encodeOperation(ok.write(1, 0, 1))}{"proc`);
    expect(await checked(path)).toMatchObject({
      valid: true,
      notes: [expect.stringMatching(/line 3 is torn/)],
    });
  });
});
