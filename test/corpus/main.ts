/**
 * npm run corpus [-- name...]: proof that the harness finds bugs, and that it is silent when there are none.
 *
 *     npm run corpus                              every bug of the corpus with 5 seeds, and each scenario without a bug
 *     npm run corpus -- lost-compare --seeds 1    one bug, once
 *     npm run corpus -- --seeds 1..5 --resume     go on where an earlier one of this build was ended
 *     npm run corpus -- --healthy 30              no bug at all: the strategies as they are, steady and faulted
 *
 * Exit codes: 0 all found and nothing else; 1 a bug was not found with some seed, or a violation was told where there
 * is no bug; 3 the harness or its environment broke, or --minutes were over; 64 wrong usage.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { ensureEtcd } from '../../harness/cluster/provision.ts';
import { projectRoot } from '../../harness/project.ts';
import type { Bug, Hunt, HuntingGround } from './bug.ts';
import { bugs } from './bugs.ts';
import { healthyRuns } from './healthy.ts';
import { buildOf, CorpusRecord, seedsNamed } from './record.ts';
import { type ControlRow, type CorpusRow, exitCodeOf, tableOf } from './table.ts';

const command = new Command('corpus')
  .argument('[name...]', 'the bugs to look for; all when left out')
  .option('--seeds <count|from..to>', 'look for each so often, each time with another seed', '5')
  .option('--seed <number>', 'the first seed', whole, 1)
  .option('--healthy <runs>', 'instead of bugs: so many runs of the strategies as they are', whole)
  .option('--minutes <count>', 'begin nothing new after so long; --resume goes on then', whole)
  .option('--resume', 'take over what was hunted before with the same build and etcd')
  .option('--no-controls', 'leave out what is right')
  .option(
    '--out <folder>',
    'for the figures, and the evidence of what went wrong',
    join(projectRoot, 'reports', 'out', 'corpus'),
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 64));
command.parse();
const options = command.opts<{
  seeds: string;
  minutes?: number;
  resume?: true;
  seed: number;
  healthy?: number;
  controls: boolean;
  out: string;
}>();

const unknown = command.args.filter((name) => !bugs.some((bug) => bug.name === name));
if (unknown.length > 0) {
  console.error(`unknown bug ${unknown.join(', ')} (there are: ${bugs.map(({ name }) => name).join(', ')})`);
  process.exit(64);
}

const seeds = seedsNamed(options.seeds, options.seed) ?? wrongSeeds(options.seeds);

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());

const etcd = await ensureEtcd();
const wanted = bugs
  .filter(({ name }) => command.args.length === 0 || command.args.includes(name))
  .filter(({ isIn }) => isIn?.(etcd.version) ?? true);
const endsAtMs = performance.now() + (options.minutes ?? Number.POSITIVE_INFINITY) * 60_000;
const recordPath = join(options.out, 'hunts.json');
const huntedWith = { etcd: etcd.version, build: await buildOf(join(projectRoot, 'dist')) };
const record = await (options.resume === true
  ? CorpusRecord.resumed(recordPath, huntedWith)
  : CorpusRecord.begun(recordPath, huntedWith));
if (options.resume === true)
  process.stderr.write(`${record.size} hunts of this build are taken over
`);
const rows: CorpusRow[] = [];
const controls: ControlRow[] = [];

if (options.healthy === undefined) {
  for (const bug of wanted) rows.push(await look(bug));
  if (options.controls) await holdBeside(wanted);
} else {
  for (const { name, seed, hunt } of healthyRuns(options.healthy, options.seed)) {
    controls.push({ name, seed, hunt: await once(`${name}-${seed}`, seed, hunt) });
  }
}
console.log(tableOf(rows, controls));
await mkdir(options.out, { recursive: true });
await writeFile(
  join(options.out, 'corpus.json'),
  `${JSON.stringify({ etcd: etcd.version, seeds, rows, controls }, null, 2)}\n`,
);
// Not by exitCode: what the library under test leaves running would keep this process alive.
process.exit(exitCodeOf(rows, controls));

async function look(bug: Bug): Promise<CorpusRow> {
  const hunts: { seed: number; hunt: Hunt }[] = [];
  for (const seed of seeds) {
    hunts.push({
      seed,
      hunt: await once(`${bug.name}-${seed}`, seed, (ground) => bug.hunt(ground), bug.violation),
    });
  }
  const { name, kind, scenario, violation } = bug;
  return { name, kind, scenario, violation, hunts };
}

/** Each control once, with the first seed: what shares a scenario and a strategy shares it. */
async function holdBeside(of: readonly Bug[]): Promise<void> {
  const different = new Map(of.map(({ control }) => [control.name, control]));
  for (const { name, hunt } of different.values()) {
    const folder = `control-${name.replaceAll(/[^\w-]+/g, '-')}`;
    controls.push({ name, seed: seeds[0]!, hunt: await once(folder, seeds[0]!, hunt) });
  }
}

/** What was as it should be leaves nothing; of all else the history and the logs are kept. */
async function once(
  name: string,
  seed: number,
  hunt: (ground: HuntingGround) => Promise<Hunt>,
  expected?: string,
): Promise<Hunt> {
  const known = record.hunted(`${name} of seed ${seed}`);
  if (known !== undefined) return known;
  if (interrupted.signal.aborted) return { state: 'failed', reason: 'interrupted' };
  if (performance.now() > endsAtMs) {
    return { state: 'failed', reason: `not begun: the ${options.minutes} minutes were over` };
  }
  const folder = join(options.out, name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const look = async (folder: string): Promise<Hunt> => {
    const startedAtMs = performance.now();
    const found = await hunt({ seed, etcd, folder, signal: interrupted.signal }).catch(
      (error: Error): Hunt => ({ state: 'failed', reason: error.stack ?? error.message }),
    );
    const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(0);
    process.stderr.write(`${name} (${seconds} s): ${told(found)}\n`);
    return found;
  };
  let found = await look(folder);
  // Once more, as a matrix does with its cells: what proved nothing, never what was silent or found.
  if (found.state === 'failed' && !interrupted.signal.aborted) {
    await mkdir(join(folder, 'again'));
    found = await look(join(folder, 'again'));
  }
  // What was cut short may be silent for that reason alone.
  if (!interrupted.signal.aborted) await record.add(`${name} of seed ${seed}`, found);
  const isAsExpected =
    expected === undefined
      ? found.state === 'silent'
      : found.state === 'found' && found.sightings.some(({ violation }) => violation === expected);
  if (isAsExpected) await rm(folder, { recursive: true, force: true });
  return found;
}

function told(hunt: Hunt): string {
  if (hunt.state === 'failed') return `failed: ${hunt.reason}`;
  if (hunt.state === 'silent') return hunt.note === undefined ? 'silent' : `silent (${hunt.note})`;
  const by = new Map<string, number>();
  for (const { violation } of hunt.sightings) by.set(violation, (by.get(violation) ?? 0) + 1);
  return `${[...by].map(([name, count]) => `${count} ${name}`).join(', ')}: ${hunt.sightings[0]!.summary}`;
}

function wrongSeeds(text: string): never {
  console.error(`--seeds should be a number from 1 to 1000, or a range such as 1..5, got ${text}`);
  process.exit(64);
}

function whole(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= 1_000_000) return number;
  throw new InvalidArgumentError(`expected a whole number from 1 to 1000000, got ${text}`);
}
