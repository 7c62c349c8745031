import type { PeerTraffic } from './peer-traffic.ts';

/** A Pair is the messages from one member to another. */
export interface Pair {
  readonly from: string;
  readonly to: string;
}

/**
 * A message that was sent and has not been counted by its receiver this much later did not get through. Between
 * processes of one machine it takes a few milliseconds, and no more than tens while the machine is busy.
 */
const arrivalMs = 100;

/**
 * A Silence judges pairs from samples of what members count:
 *
 * - a pair is *silent* once `from` has sent something that `to` has not counted 100 ms later. What arrives after all
 *   starts the judgement again, so that what was under way when a link was cut does no harm;
 * - a pair is *talking* once what `to` counts has grown twice.
 *
 * Pure: samples and their times in, who is silent and who talks out.
 */
export class Silence {
  readonly #pairs: Watched[];

  constructor(pairs: readonly Pair[]) {
    this.#pairs = pairs.map((pair) => ({
      pair,
      seen: undefined,
      sentSince: undefined,
      silent: false,
      growths: 0,
    }));
  }

  add(traffic: PeerTraffic, atMs: number): void {
    for (const watched of this.#pairs) {
      const { from, to } = watched.pair;
      const now = { sent: traffic.sent(from, to), received: traffic.received(from, to) };
      if (watched.seen === undefined) {
        watched.seen = now;
      } else if (now.received > watched.seen.received) {
        watched.seen = now;
        watched.sentSince = undefined;
        watched.silent = false;
        watched.growths += 1;
      } else if (now.sent > watched.seen.sent) {
        watched.sentSince ??= atMs;
        if (atMs - watched.sentSince >= arrivalMs) watched.silent = true;
      }
    }
  }

  /** Those of the given pairs that have not been shown to be silent. */
  notSilent(pairs: readonly Pair[]): Pair[] {
    return pairs.filter((pair) => !this.#of(pair).silent);
  }

  notTalking(pairs: readonly Pair[]): Pair[] {
    return pairs.filter((pair) => this.#of(pair).growths < 2);
  }

  #of(pair: Pair): Watched {
    const found = this.#pairs.find((w) => w.pair.from === pair.from && w.pair.to === pair.to);
    if (!found) throw new RangeError(`${pair.from} -> ${pair.to} is not watched`);
    return found;
  }
}

interface Watched {
  readonly pair: Pair;
  seen: { readonly sent: number; readonly received: number } | undefined;
  sentSince: number | undefined;
  silent: boolean;
  growths: number;
}
