/**
 * node dist/test/reports/record-pairs.js --pairs 20 --slow 10 --out FOLDER: records what test/reports/pairs.test.ts
 * holds the comparison of runs against. Real cells, one after another on a quiet machine: pairs of identical runs, and
 * for some of them a third in which the database is further away. It needs a machine that does nothing else for ten
 * minutes, so it is no part of the tests.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { onInterrupt } from '../../harness/cli/interrupt.ts';
import { ensureEtcd } from '../../harness/cluster/provision.ts';
import { findPostgres } from '../../harness/database/provision.ts';
import type { Cell } from '../../harness/result.ts';
import { manifestOf } from '../../harness/run.ts';
import { runCell } from '../../harness/run-cell.ts';
import { type Profile, profiles, type Scenario } from '../../harness/scenario.ts';
import { steady } from '../../scenarios/steady.ts';
import { strategies } from '../../strategies/list.ts';
import { type PairRun, pairRuns, recordedFile, roundsOf } from './pairs.ts';

/**
 * What is injected is the distance and nothing else. An operation waits for the database a few times, each time there
 * and back, and beside that for 1 to 2 ms of work: 5 ms instead of 4 ms is 25 % of the former, about 20 % of the whole.
 */
const distanceMs: Readonly<Record<PairRun, number>> = { base: 4, same: 4, slow: 5 };

const profile: Profile = {
  ...profiles.quick,
  warmUpMs: 700,
  loadMs: 4_500,
  recoverMs: 1_000,
};

/** Of a cell that proves nothing (void, or the harness broke), after the first. */
const moreTries = 2;
const limitMs = 12 * 60_000;

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '20' },
    slow: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
});
const [pairs, slow, seed] = [values.pairs, values.slow, values.seed].map(Number) as [number, number, number];
if (![pairs, slow, seed].every((n) => Number.isInteger(n) && n >= 0) || slow > pairs || !values.out) {
  console.error(
    'usage: record-pairs --pairs N --slow N --out FOLDER [--seed N]; at most as many slow ones as pairs',
  );
  process.exit(64);
}
const out = resolve(values.out);
const command = `node dist/test/reports/record-pairs.js --pairs ${pairs} --slow ${slow} --seed ${seed} --out FOLDER`;
const startedAt = new Date().toISOString();
const beganMs = performance.now();
const say = (line: string) => process.stderr.write(`${line}\n`);
const etcd = await ensureEtcd({ say });
const { version: postgresVersion } = await findPostgres();
const strategy = strategies.find(({ name }) => name === 'consistency-routing')!;
const scratch = await mkdtemp(join(tmpdir(), 'record-pairs-'));
const interrupt = onInterrupt(say);
const recorded: Record<PairRun, Cell[]> = { base: [], same: [], slow: [] };

try {
  for (const [i, runs] of roundsOf({ pairs, slow }).entries()) {
    if (performance.now() - beganMs > limitMs) {
      say(`${limitMs / 60_000} minutes have passed: ${i} of ${pairs} rounds were recorded`);
      process.exitCode = 1;
      break;
    }
    const round = new Map<PairRun, Cell>();
    for (const run of runs) {
      const cell = await proven(run, i + 1);
      if (cell === undefined) break;
      round.set(run, cell);
    }
    if (interrupt.signal.aborted) {
      process.exitCode = 2;
      break;
    }
    // A pair without its other half would shift all that come after it.
    if (round.size < runs.length) {
      say(`round ${i + 1} is left out`);
      process.exitCode = 1;
      continue;
    }
    for (const [run, cell] of round) recorded[run].push(cell);
    await write();
  }
} finally {
  interrupt.dispose();
  await rm(scratch, { recursive: true, force: true });
}
say(`${pairRuns.map((run) => `${recorded[run].length} ${run}`).join(', ')}: ${out}`);

/** Undefined when every try of it proved nothing. */
async function proven(run: PairRun, round: number): Promise<Cell | undefined> {
  for (let tried = 0; tried <= moreTries && !interrupt.signal.aborted; tried++) {
    const name = `${round}-${run}-${tried + 1}`;
    const scenario: Scenario = {
      ...steady,
      strategies: [strategy.name],
      databaseDistanceMs: distanceMs[run],
    };
    const folder = join(scratch, name);
    await mkdir(folder, { recursive: true });
    const fromMs = performance.now();
    const cell = await runCell({
      ...{ scenario, strategy, round, profile, etcd, folder },
      seed: seed + round,
      relativeFolder: `cells/${name}`,
      signal: interrupt.signal,
      onProgress: () => {},
    });
    const p50 = cell.latency?.[0]?.fromDueMs?.p50.toFixed(2) ?? '-';
    const seconds = ((performance.now() - fromMs) / 1_000).toFixed(1);
    say(
      `${round} of ${pairs} ${run.padEnd(4)} ${cell.verdict}${cell.reason ? ` (${cell.reason})` : ''}, p50 ${p50} ms, took ${seconds} s`,
    );
    await rm(folder, { recursive: true, force: true });
    if (cell.verdict === 'kept' || cell.verdict === 'broken') return cell;
  }
  return undefined;
}

/** After every round, so that a recording cut short has what it came to. */
async function write(): Promise<void> {
  for (const run of pairRuns) {
    if (recorded[run].length === 0) continue;
    const manifest = await manifestOf({
      ...{ seed, profile, startedAt, etcd, postgresVersion },
      command: `${command} (${run}: the database ${distanceMs[run]} ms away)`,
      interrupted: interrupt.signal.aborted,
    });
    await mkdir(join(out, run), { recursive: true });
    await writeFile(join(out, run, 'result.json'), recordedFile(manifest, recorded[run]));
  }
}
