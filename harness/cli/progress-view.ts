import type { WriteStream } from 'node:tty';
import pc from 'picocolors';
import type { Progress } from '../progress.ts';

/** A ProgressView shows a run while it goes on: one living line on a terminal, plain lines elsewhere. */
export interface ProgressView {
  show(progress: Progress): void;
  /** A line that stays. */
  say(line: string): void;
  /** Clears the living line. */
  end(): void;
}

/** On a pipe, load is told every so often only. */
const plainEveryMs = 4_000;
/** The living line's rate is over so long: over one report of the driver alone it would jump about. */
const livingPaceMs = 1_000;

const ticks = '▁▂▃▄▅▆▇█';
const sparkWidth = 8;

export function progressView(stream: NodeJS.WriteStream): ProgressView {
  return stream.isTTY ? livingView(stream) : plainView(stream);
}

const marks = {
  kept: pc.green('✔'),
  broken: pc.red('✘'),
  unknown: pc.yellow('?'),
  error: pc.magenta('!'),
} as const;

function plainView(stream: NodeJS.WriteStream): ProgressView {
  const say = (line: string) => void stream.write(`${line}\n`);
  let nextLoadMs = 0;
  const pace = new Pace(plainEveryMs);
  return {
    say,
    end() {},
    show(progress) {
      if (progress.type === 'load') {
        pace.add(progress);
        if (progress.elapsedMs < nextLoadMs) return;
        nextLoadMs = progress.elapsedMs + plainEveryMs;
      }
      if (progress.type === 'cell-started') nextLoadMs = 0;
      const line =
        staying(progress) ?? (progress.type === 'load' ? `  ${loadText(progress, pace)}` : undefined);
      if (line !== undefined) say(line);
    },
  };
}

function livingView(stream: WriteStream): ProgressView {
  let living = '';
  let faults: readonly string[] = [];
  const pace = new Pace(livingPaceMs);
  const clear = () => void stream.write('\r\x1b[K');
  const width = () => Math.max(20, (stream.columns ?? 100) - 1);
  const draw = (text: string) => {
    living = text;
    stream.write(`\r\x1b[K${pc.dim(clipped(text, width()))}`);
  };
  return {
    say(line) {
      clear();
      stream.write(`${line}\n`);
      if (living) draw(living);
    },
    end() {
      living = '';
      clear();
    },
    show(progress) {
      if (progress.type === 'faults') faults = progress.active;
      if (progress.type === 'step') return draw(`  ${progress.cell.strategy} · ${progress.step}`);
      if (progress.type === 'load') {
        pace.add(progress);
        return draw(livingLine(progress, pace, faults, width()));
      }
      if (progress.type === 'cell-ended') {
        living = '';
        faults = [];
      }
      const line = staying(progress);
      if (line !== undefined) this.say(line);
    },
  };
}

/**
 * Which strategy, how far its load has come, rate and p99 with what they were lately, what went wrong, and the fault.
 * Where that is too wide, what says least goes first: the requests in flight, then the bar, then the sparkline of the
 * rate, then the one of p99. The fault is cut short, its first words are kept.
 */
function livingLine(progress: Load, pace: Pace, faults: readonly string[], width: number): string {
  const { stats, elapsedMs, loadMs, cell } = progress;
  const done = Math.min(10, Math.round((elapsedMs / loadMs) * 10));
  const fault = faults.length === 0 ? '' : ` · ⚡ ${faults.join('; ')}`;
  const line = (without: number) =>
    [
      `  ${cell.strategy}`,
      without < 2 && '━'.repeat(done).padEnd(10, '─'),
      `${timeText(progress)} ·`,
      without < 3 && pace.rates,
      `${Math.round(pace.perSecond)}/s ·`,
      without < 4 && pace.p99s,
      `p99 ${pace.p99Ms === null ? '–' : msText(pace.p99Ms)}`,
      outcomesText(stats, 'wrong'),
      without < 1 && `· in flight ${stats.inFlight}`,
    ]
      .filter((part) => part !== false && part !== '')
      .join(' ');
  const room = width - Math.min(fault.length, leastOfFault);
  const fitting = [0, 1, 2, 3].map(line).find((text) => text.length <= room) ?? line(4);
  return `${fitting}${fault}`;
}

/** So much of a fault's sentence tells it from others; the whole of it stands in a line of its own above. */
const leastOfFault = 20;

function clipped(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

/** The line that stays for a progress, if it has one. */
function staying(progress: Progress): string | undefined {
  switch (progress.type) {
    case 'cell-started':
      return `${pc.dim(`[${progress.index}/${progress.count}]`)} ${pc.bold(progress.cell.scenario)} × ${pc.bold(progress.cell.strategy)}`;
    case 'faults':
      return progress.active.length > 0
        ? `  ${pc.yellow('fault:')} ${progress.active.join('; ')}`
        : `  ${pc.green('healed')}`;
    case 'leader':
      return progress.leader === null
        ? `  no leader that a majority agrees on (term ${progress.term})`
        : `  leader ${progress.leader}, term ${progress.term}`;
    case 'cell-retried':
      return `  ${marks.error} broken by the harness, tried once more: ${progress.reason}`;
    case 'cell-ended': {
      const { cell } = progress;
      const kept = cell.promises.filter((p) => p.state === 'kept').length;
      return `  ${marks[cell.verdict]} ${cell.verdict}: ${kept} of ${cell.promises.length} promises kept${cell.reason ? ` (${cell.reason})` : ''}`;
    }
    default:
      return undefined;
  }
}

type Load = Extract<Progress, { type: 'load' }>;

function loadText(progress: Load, pace: Pace): string {
  const { stats } = progress;
  const p99 = pace.p99Ms === null ? '' : ` · p99 ${msText(pace.p99Ms)}`;
  return `${timeText(progress)} · ${Math.round(pace.perSecond)}/s${p99} ${outcomesText(stats, 'all')} · in flight ${stats.inFlight}`;
}

function timeText({ elapsedMs, loadMs }: Load): string {
  return `${(elapsedMs / 1e3).toFixed(1)}/${(loadMs / 1e3).toFixed(0)} s`;
}

function outcomesText({ ok, fail, info, dropped }: Load['stats'], which: 'all' | 'wrong'): string {
  const counts = Object.entries({ ok, fail, info, dropped }).filter(
    ([name, count]) => count > 0 || (which === 'all' && name !== 'dropped'),
  );
  const told = which === 'all' ? counts : counts.filter(([name]) => name !== 'ok');
  return told.length === 0 ? '' : `· ${told.map(([name, count]) => `${name} ${count}`).join(' ')}`;
}

function msText(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** A Pace tells how many operations a second ended lately and how slow they were, from the driver's own counts and times. */
class Pace {
  readonly #overNs: number;
  #samples: { atNs: number; ended: number }[] = [];
  #perSecond = 0;
  #lately: readonly { perSecond: number; p99Ms: number | null }[] = [];

  constructor(overMs: number) {
    this.#overNs = overMs * 1e6;
  }

  get perSecond(): number {
    return this.#perSecond;
  }

  /** Of the driver's last report; null when nothing ended ok in it. */
  get p99Ms(): number | null {
    return this.#lately.at(-1)?.p99Ms ?? null;
  }

  /** The last rates, up to the highest of them: a service that stops is seen at a glance. */
  get rates(): string {
    return spark(this.#lately.map(({ perSecond }) => perSecond));
  }

  get p99s(): string {
    return spark(this.#lately.map(({ p99Ms }) => p99Ms));
  }

  add({ stats: { atNs, ok, fail, info, completedPerSecond, p99Ms } }: Load): void {
    const ended = ok + fail + info;
    // The next cell counts from 0 again.
    if (ended < (this.#samples.at(-1)?.ended ?? 0)) {
      this.#samples = [];
      this.#lately = [];
    }
    while (this.#samples.length > 1 && this.#samples[1]!.atNs <= atNs - this.#overNs) this.#samples.shift();
    const first = this.#samples[0];
    this.#perSecond = first ? ((ended - first.ended) / (atNs - first.atNs)) * 1e9 : completedPerSecond;
    this.#samples.push({ atNs, ended });
    const perSecond = Math.max(0, completedPerSecond);
    this.#lately = [...this.#lately, { perSecond, p99Ms }].slice(-sparkWidth);
  }
}

/** Up to the highest; what there is none of is a dot. */
function spark(values: readonly (number | null)[]): string {
  const highest = Math.max(Number.MIN_VALUE, ...values.map((value) => value ?? 0));
  return values
    .map((value) => (value === null ? '·' : ticks[Math.round((value / highest) * (ticks.length - 1))]))
    .join('')
    .padStart(sparkWidth);
}
