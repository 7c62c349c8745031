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
const sparkWidth = 12;

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
  const draw = (text: string) => {
    living = text;
    const width = Math.max(20, (stream.columns ?? 100) - 1);
    stream.write(`\r\x1b[K${pc.dim(text.length > width ? `${text.slice(0, width - 1)}…` : text)}`);
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
      if (progress.type === 'step') return draw(`  ${progress.step}`);
      if (progress.type === 'load') {
        pace.add(progress);
        const bar = '━'
          .repeat(Math.min(10, Math.round((progress.elapsedMs / progress.loadMs) * 10)))
          .padEnd(10, '─');
        return draw(
          `  ${bar} ${pace.sparkline} ${loadText(progress, pace)}${faults.length > 0 ? ` · ⚡ ${faults.join('; ')}` : ''}`,
        );
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

function loadText({ stats, elapsedMs, loadMs }: Load, pace: Pace): string {
  return `${(elapsedMs / 1e3).toFixed(1)}/${(loadMs / 1e3).toFixed(0)} s · ${Math.round(pace.perSecond)}/s · ok ${stats.ok} fail ${stats.fail} info ${stats.info}${stats.dropped > 0 ? ` dropped ${stats.dropped}` : ''} · in flight ${stats.inFlight}`;
}

/** A Pace tells how many operations a second ended lately, from the driver's own counts and times. */
class Pace {
  readonly #overNs: number;
  #samples: { atNs: number; ended: number }[] = [];
  #perSecond = 0;
  #rates: readonly number[] = [];

  constructor(overMs: number) {
    this.#overNs = overMs * 1e6;
  }

  get perSecond(): number {
    return this.#perSecond;
  }

  /** The last rates, up to the highest of them: a service that stops is seen at a glance. */
  get sparkline(): string {
    const highest = Math.max(1, ...this.#rates);
    return this.#rates
      .map((rate) => ticks[Math.round((rate / highest) * (ticks.length - 1))])
      .join('')
      .padStart(sparkWidth);
  }

  add({ stats: { atNs, ok, fail, info, completedPerSecond } }: Load): void {
    const ended = ok + fail + info;
    // The next cell counts from 0 again.
    if (ended < (this.#samples.at(-1)?.ended ?? 0)) {
      this.#samples = [];
      this.#rates = [];
    }
    while (this.#samples.length > 1 && this.#samples[1]!.atNs <= atNs - this.#overNs) this.#samples.shift();
    const first = this.#samples[0];
    this.#perSecond = first ? ((ended - first.ended) / (atNs - first.atNs)) * 1e9 : completedPerSecond;
    this.#samples.push({ atNs, ended });
    this.#rates = [...this.#rates, Math.max(0, completedPerSecond)].slice(-sparkWidth);
  }
}
