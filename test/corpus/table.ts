import Table from 'cli-table3';
import type { Bug, Hunt } from './bug.ts';

export interface CorpusRow extends Pick<Bug, 'name' | 'kind' | 'scenario' | 'violation'> {
  readonly hunts: readonly { readonly seed: number; readonly hunt: Hunt }[];
}

/** A ControlRow is a run without a bug: it must be silent. */
export interface ControlRow {
  readonly name: string;
  readonly seed: number;
  readonly hunt: Hunt;
}

/** After how long a bug was named by the checker that should; undefined when it was not. Milliseconds. */
export function detectedAfterMs(hunt: Hunt, violation: string): number | undefined {
  if (hunt.state !== 'found') return undefined;
  const times = hunt.sightings.filter((one) => one.violation === violation).map(({ afterMs }) => afterMs);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** 0: every bug found with every seed and no false alarm. 1: not so. 3: something broke before it could be told. */
export function exitCodeOf(rows: readonly CorpusRow[], controls: readonly ControlRow[]): 0 | 1 | 3 {
  const missed = rows.some(({ hunts, violation }) =>
    hunts.some(({ hunt }) => hunt.state !== 'failed' && detectedAfterMs(hunt, violation) === undefined),
  );
  if (missed || controls.some(({ hunt }) => hunt.state === 'found')) return 1;
  const hunts = [...rows.flatMap((row) => row.hunts), ...controls];
  return hunts.length === 0 || hunts.some(({ hunt }) => hunt.state === 'failed') ? 3 : 0;
}

export function tableOf(rows: readonly CorpusRow[], controls: readonly ControlRow[]): string {
  const parts: string[] = [];
  if (rows.length > 0) {
    const table = new Table({
      head: ['bug', 'kind', 'scenario', 'violation', 'found', 'seeds', 'after (s)'],
      style: { head: [], border: [] },
    });
    for (const { name, kind, scenario, violation, hunts } of rows) {
      const times = hunts.map(({ hunt }) => detectedAfterMs(hunt, violation));
      const found = times.filter((time) => time !== undefined);
      table.push([
        name,
        kind,
        scenario,
        violation,
        found.length === hunts.length ? 'yes' : 'NO',
        `${found.length} of ${hunts.length}`,
        spread(found),
      ]);
    }
    parts.push(table.toString());
  }
  if (controls.length > 0) {
    const silent = controls.filter(({ hunt }) => hunt.state === 'silent').length;
    // A run that could not be judged in full (too busy a machine, too short for a promise) proves less by its silence.
    const partly = controls.filter(({ hunt }) => hunt.state === 'silent' && hunt.note !== undefined).length;
    const told = `${silent} of ${controls.length} runs without a bug were silent`;
    const counted = partly === 0 ? told : `${told}, of ${partly} not every promise could be judged`;
    const others = controls.flatMap(({ name, seed, hunt }) => {
      if (hunt.state === 'silent') return [];
      const what = hunt.state === 'failed' ? `failed: ${hunt.reason}` : hunt.sightings[0]!.summary;
      return [`  ${name}, seed ${seed}: ${what}`];
    });
    parts.push([counted, ...others].join('\n'));
  }
  return parts.join('\n');
}

/** "0.4 (0.2 to 1.1)": the median and the extremes. */
function spread(timesMs: readonly number[]): string {
  if (timesMs.length === 0) return '';
  const sorted = [...timesMs].sort((a, b) => a - b);
  const seconds = (ms: number) => (ms / 1_000).toFixed(1);
  const median = seconds(sorted[Math.floor((sorted.length - 1) / 2)]!);
  if (sorted.length === 1) return median;
  return `${median} (${seconds(sorted[0]!)} to ${seconds(sorted.at(-1)!)})`;
}
