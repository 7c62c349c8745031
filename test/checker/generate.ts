import type { Operation, OperationFunction, Outcome } from '../../harness/history/operation.ts';
import type { LogEvent } from '../../harness/history/watch.ts';
import { seeded } from '../../harness/random.ts';

export interface Generated {
  readonly seed: number;
  readonly clients: number;
  readonly operations: number;
  readonly keys: number;
  /** Shares, any scale. */
  readonly mix: Readonly<Partial<Record<OperationFunction, number>>>;
  /** How many of the operations end `info`; half of those happened. */
  readonly infoShare?: number;
  /** Values 1 to this, again and again; unique ones without it. */
  readonly values?: number;
  /** Strings of the model kv instead of numbers. */
  readonly strings?: boolean;
  readonly revisions?: boolean;
}

/** What an operation will be asked for, and at which instant it will really happen. */
interface Plan {
  readonly process: number;
  readonly f: OperationFunction;
  readonly key: number;
  readonly chance: number;
  readonly outcome: Outcome;
  readonly happens: boolean;
  readonly invokeNs: number;
  readonly atNs: number;
  readonly returnNs: number;
}

/**
 * A history as a linearizable store would have given it: each operation happens at one instant between its sending
 * and its return (an `info` one possibly long after its client gave up), and answers what it finds there. `changed` is
 * told each change when it happens, as a watch of all keys would be.
 */
export function generate(options: Generated, changed: (event: LogEvent) => void = () => {}): Operation[] {
  const { keys, values, strings = false, revisions = false } = options;
  const random = seeded(options.seed);
  const plans = plan(options);
  plans.sort((x, y) => x.atNs - y.atNs);
  const held: unknown[] = new Array(keys).fill(strings ? '' : null);
  const heldRevision: number[] = new Array(keys).fill(0);
  const written: unknown[][] = Array.from({ length: keys }, () => []);
  let next = 0;
  let revision = 0;
  const value = () => {
    const number = values === undefined ? ++next : random.integer(1, values);
    return strings ? `v${number} ` : number;
  };
  const operations = plans.map((one): Operation => {
    const { process, f, key, outcome, happens, invokeNs, chance } = one;
    const isInfo = outcome === 'info';
    const base = {
      process,
      f,
      key: `k${key}`,
      outcome,
      invokeNs,
      returnNs: isInfo ? Number.POSITIVE_INFINITY : one.returnNs,
      ...(isInfo ? { endedNs: one.returnNs } : {}),
    };
    const change = (to: unknown) => {
      if (!happens) return {};
      held[key] = to;
      heldRevision[key] = ++revision;
      written[key]!.push(to);
      const event = { revision, key: `k${key}`, atNs: one.atNs };
      changed(
        to === null ? { ...event, kind: 'delete' } : { ...event, kind: 'put', value: JSON.stringify(to) },
      );
      return revisions && !isInfo ? { revision } : {};
    };
    switch (f) {
      case 'read':
        return isInfo
          ? { ...base, value: undefined }
          : { ...base, value: held[key], ...(revisions ? { revision: heldRevision[key]! } : {}) };
      case 'delete':
        return { ...base, value: null, ...change(strings ? '' : null) };
      case 'append': {
        const text = value() as string;
        return { ...base, value: text, ...change(`${held[key]}${text}`) };
      }
      case 'cas': {
        // Mostly what is there, else something that was.
        const earlier = written[key]!.at(-1 - Math.floor(chance * 3));
        const from = chance < 0.6 || earlier === undefined ? held[key] : earlier;
        const to = value();
        const swaps = held[key] === from;
        const changed = swaps ? change(to) : {};
        return { ...base, value: [from, to], ...(isInfo ? {} : { swapped: swaps }), ...changed };
      }
      default: {
        const to = value();
        return { ...base, value: to, ...change(to) };
      }
    }
  });
  return operations.sort((x, y) => x.invokeNs - y.invokeNs);
}

export function plan({ seed, clients, operations, keys, mix, infoShare = 0 }: Generated): Plan[] {
  const random = seeded(seed).fork('plan');
  const functions = Object.entries(mix).filter(([, weight]) => weight > 0) as [OperationFunction, number][];
  const total = functions.reduce((sum, [, weight]) => sum + weight, 0);
  const draw = (): OperationFunction => {
    let rest = random.number() * total;
    for (const [f, weight] of functions) {
      rest -= weight;
      if (rest < 0) return f;
    }
    return functions[0]![0];
  };
  const freeNs = Array.from({ length: clients }, () => random.integer(0, 1_000));
  const process = Array.from({ length: clients }, (_, i) => i);
  let lastProcess = clients;
  const plans: Plan[] = [];
  for (let i = 0; i < operations; i++) {
    const client = i % clients;
    const invokeNs = freeNs[client]! + random.integer(0, 1_000);
    const lengthNs = random.integer(1, 2_000);
    const isInfo = random.number() < infoShare;
    const happens = !isInfo || random.number() < 0.5;
    // What nobody waited for may happen much later.
    const atNs = invokeNs + random.integer(0, lengthNs) + (isInfo ? random.integer(0, 5_000) : 0);
    const returnNs = invokeNs + lengthNs;
    plans.push({
      process: process[client]!,
      f: draw(),
      key: random.integer(0, keys - 1),
      chance: random.number(),
      outcome: isInfo ? 'info' : 'ok',
      happens,
      invokeNs,
      atNs,
      returnNs,
    });
    if (isInfo) process[client] = lastProcess++;
    // Often at the very time of the return, for ties.
    freeNs[client] = returnNs + random.integer(0, 3);
  }
  return plans;
}
