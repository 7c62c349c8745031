import type { SpentStep } from './result.ts';

/** Laps tell how long each step of a cell took: one ends when the next begins. */
export class Laps {
  readonly #nowMs: () => number;
  readonly #laps: { step: string; fromMs: number }[] = [];

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  begin(step: string): void {
    this.#laps.push({ step, fromMs: this.#nowMs() });
  }

  /** Until now, in the order in which they were; what came twice is told once, together. */
  soFar(): readonly SpentStep[] {
    const nowMs = this.#nowMs();
    const spent = new Map<string, number>();
    this.#laps.forEach(({ step, fromMs }, i) => {
      const untilMs = this.#laps[i + 1]?.fromMs ?? nowMs;
      spent.set(step, (spent.get(step) ?? 0) + untilMs - fromMs);
    });
    return [...spent].map(([step, ms]) => ({ step, ms: Math.round(ms) }));
  }
}
