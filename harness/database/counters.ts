import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { Database } from './database.ts';
import type { DatabaseSample, DatabaseSeries, ReplayLag } from './database-series.ts';
import { type Answer, ServerCounter } from './server-counter.ts';

export type { DatabaseSeries } from './database-series.ts';

/** A DatabaseCount is under way until it is ended. */
export interface DatabaseCount extends AsyncDisposable {
  /** Asks once more; resolves to all samples. */
  end(): Promise<DatabaseSeries>;
}

/**
 * Counts on while others work. Resolves when the first sample is in: what is asked of the database from then until
 * `end` is called is in the series, neither less nor more, and no share of the time between two samples is guessed.
 */
export async function countDatabase(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly everyMs: number;
}): Promise<DatabaseCount> {
  const over = new AbortController();
  let series!: Promise<DatabaseSeries>;
  const begun = new Promise<void>((resolve) => {
    series = sampleDatabase({ ...options, signal: over.signal, onFirst: resolve });
  });
  await Promise.race([begun, series]);
  const end = () => {
    over.abort();
    return series;
  };
  return {
    end,
    async [Symbol.asyncDispose]() {
      await end();
    },
  };
}

/**
 * Asks each server every `everyMs` until the signal aborts, and once more then. Never throws for a server that is
 * down, slow or killed: the series has null there. Its own queries are not in its counts.
 */
export async function sampleDatabase(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly everyMs: number;
  readonly signal: AbortSignal;
  /** Called when the first sample is in. */
  onFirst?(): void;
}): Promise<DatabaseSeries> {
  const { database, clock, everyMs, signal } = options;
  const primary = new ServerCounter(database.primary);
  const replica = database.replica && new ServerCounter(database.replica);
  const samples: DatabaseSample[] = [];
  try {
    for (let last = false; ; ) {
      samples.push(await sample(clock, primary, replica));
      if (samples.length === 1) options.onFirst?.();
      if (last) break;
      await sleep(everyMs, undefined, { signal }).catch(() => {});
      last = signal.aborted;
    }
  } finally {
    primary.close();
    replica?.close();
  }
  return {
    samples,
    hasReplica: replica !== undefined,
    queriesCounted: primary.queriesCounted || (replica?.queriesCounted ?? false),
  };
}

async function sample(
  clock: Clock,
  primary: ServerCounter,
  replica: ServerCounter | undefined,
): Promise<DatabaseSample> {
  const askedNs = clock.nowNs();
  // One after the other: what the primary had written when it was asked, the replica could have replayed since.
  const first = await primary.ask();
  const answeredNs = clock.nowNs();
  const second = replica ? await replica.ask() : null;
  return {
    atNs: (askedNs + answeredNs) / 2,
    primary: first?.total ?? null,
    replica: second?.total ?? null,
    replayLag: first && second ? replayLag(first, second) : null,
  };
}

function replayLag(primary: Answer, replica: Answer): ReplayLag {
  const bytes = Math.max(0, primary.position - replica.position);
  return { bytes, ms: bytes === 0 ? 0 : Math.max(0, replica.replayedAgoMs ?? 0) };
}
