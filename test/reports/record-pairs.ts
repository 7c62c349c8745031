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
import { readRuns } from '../../reports/render.ts';
import { steady } from '../../scenarios/steady.ts';
import { strategies } from '../../strategies/list.ts';
import { type PairRun, pairRuns, recordedFile, roundsOf } from './pairs.ts';

/**
 * What is injected is the distance and nothing else. The median operation waits for the database once there and back
 * and 5.5 ms beside that (4 ms away it took 13.5 ms on two cores), so it takes 29.5 ms, and 6 ms more is a fifth of it.
 */
const distanceMs: Readonly<Record<PairRun, number>> = { base: 12, same: 12, slow: 15 };

const profile: Profile = {
  ...profiles.quick,
  warmUpMs: 700,
  loadMs: 4_500,
  recoverMs: 1_000,
};

/** Of a cell that proves nothing (void, or the harness broke, or the machine was busy), after the first. */
const moreTries = 2;

/** A generator that waits so long for a core was not alone: what such a cell took says little of the service. */
const quietSendLagP99Ms = 15;

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '20' },
    slow: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '12' },
    resume: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});
const [pairs, slow, seed, minutes] = [values.pairs, values.slow, values.seed, values.minutes].map(Number) as [
  number,
  number,
  number,
  number,
];
if (
  ![pairs, slow, seed, minutes].every((n) => Number.isInteger(n) && n >= 0) ||
  slow > pairs ||
  !values.out
) {
  console.error(
    'usage: record-pairs --pairs N --slow N --out FOLDER [--seed N] [--minutes N] [--resume]; at most as many slow ones as pairs',
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
if (values.resume) for (const run of pairRuns) recorded[run].push(...(await recordedBefore(run)));
const has = (run: PairRun, round: number) => recorded[run].some((cell) => cell.round === round);

try {
  for (const [i, runs] of roundsOf({ pairs, slow }).entries()) {
    if (runs.every((run) => has(run, i + 1))) continue;
    if (performance.now() - beganMs > minutes * 60_000) {
      say(
        `${minutes} minutes have passed: ${recorded.base.length} of ${pairs} rounds are recorded (--resume goes on)`,
      );
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
      say(`round ${i + 1} is left out (--resume tries it again)`);
      process.exitCode = 1;
      continue;
    }
    for (const [run, cell] of round)
      recorded[run] = [...recorded[run].filter((one) => one.round !== i + 1), cell].sort(byRound);
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
    const busy = cell.load.sendLagMs.p99 > quietSendLagP99Ms;
    say(
      `${round} of ${pairs} ${run.padEnd(4)} ${cell.verdict}${cell.reason ? ` (${cell.reason})` : ''}, p50 ${p50} ms, sent ${cell.load.sendLagMs.p99.toFixed(1)} ms late${busy ? ' (the machine is busy)' : ''}, took ${seconds} s`,
    );
    await rm(folder, { recursive: true, force: true });
    if (!busy && (cell.verdict === 'kept' || cell.verdict === 'broken')) return cell;
  }
  return undefined;
}

/** Only of the same experiment: other distances are another. */
async function recordedBefore(run: PairRun): Promise<readonly Cell[]> {
  const found = await readRuns(join(out, run)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const same = found.filter(({ manifest }) => manifest.command.endsWith(distanceText(run)));
  return same.flatMap(({ cells }) => cells);
}

function byRound(a: Cell, b: Cell): number {
  return (a.round ?? 0) - (b.round ?? 0);
}

function distanceText(run: PairRun): string {
  return `(${run}: the database ${distanceMs[run]} ms away)`;
}

/** After every round, so that a recording cut short has what it came to. */
async function write(): Promise<void> {
  for (const run of pairRuns) {
    if (recorded[run].length === 0) continue;
    const manifest = await manifestOf({
      ...{ seed, profile, startedAt, etcd, postgresVersion },
      command: `${command} ${distanceText(run)}`,
      interrupted: interrupt.signal.aborted,
    });
    await mkdir(join(out, run), { recursive: true });
    await writeFile(join(out, run, 'result.json'), recordedFile(manifest, recorded[run]));
  }
}
