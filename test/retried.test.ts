import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Progress } from '../harness/progress.ts';
import type { Cell } from '../harness/result.ts';
import { run } from '../harness/run.ts';
import type { runCell } from '../harness/run-cell.ts';
import { profiles } from '../harness/scenario.ts';
import { steady } from '../scenarios/steady.ts';
import { strategies } from '../strategies/list.ts';
import { fixture } from './reports/fixture.ts';

let out: string;
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'retried-test-'));
});
afterAll(() => rm(out, { recursive: true, force: true }));

type Verdict = Cell['verdict'];
const base = fixture().cells[0]!;

/** A run of one cell that ends as it is told, try after try. */
async function runWith(verdicts: readonly Verdict[], { aborted = false } = {}) {
  const interrupt = new AbortController();
  const tries: string[] = [];
  const told: Progress[] = [];
  const cell: typeof runCell = async ({ relativeFolder }) => {
    tries.push(relativeFolder);
    if (aborted) interrupt.abort();
    const verdict = verdicts[tries.length - 1]!;
    const files = { history: `${relativeFolder}/history.jsonl`, logs: `${relativeFolder}/logs` };
    return { ...base, verdict, reason: `${verdict} ${tries.length}`, files };
  };
  const result = await run(
    {
      cells: [{ scenario: steady, strategy: strategies[0]! }],
      profile: profiles.quick,
      seed: 1,
      etcd: { path: '', version: '3.4.23' },
      postgresVersion: '18.4',
      out,
      command: '',
    },
    {
      signal: interrupt.signal,
      onProgress: (progress) => void told.push(progress),
      onResult: async () => {},
      cell,
    },
  );
  return { tries, cells: result.cells, told: told.map(({ type }) => type) };
}

const name = 'cells/steady--lease-session';

test.each<Verdict>(['kept', 'broken', 'unknown'])('what ended as %s is not tried again', async (verdict) => {
  const { tries, cells } = await runWith([verdict, 'kept']);
  expect(tries).toEqual([name]);
  expect(cells).toHaveLength(1);
  expect(cells[0]).not.toHaveProperty('retried');
});

test.each<Verdict>(['kept', 'broken', 'unknown', 'error'])(
  'what the harness broke is tried once more, told apart, and ends as the second try: %s',
  async (verdict) => {
    const { tries, cells, told } = await runWith(['error', verdict, 'kept']);
    expect(tries).toEqual([name, `${name}--again`]);
    expect(told).toEqual(['cell-started', 'cell-retried', 'cell-ended']);
    expect(cells).toHaveLength(1);
    expect(cells[0]).toMatchObject({
      verdict,
      reason: `${verdict} 2`,
      files: { history: `${name}--again/history.jsonl` },
      retried: { reason: 'error 1', files: { history: `${name}/history.jsonl` } },
    });
  },
);

test('whoever interrupts the run gets no second try', async () => {
  const { tries, cells } = await runWith(['error', 'kept'], { aborted: true });
  expect(tries).toEqual([name]);
  expect(cells[0]!.verdict).toBe('error');
});
