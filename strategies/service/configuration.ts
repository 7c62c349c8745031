import { accessVariable, decodeAccess } from '../../harness/cluster/external/access.ts';
import { defaultQueue, type QueueOptions, type Strategy, type StrategyContext } from '../strategy.ts';

export interface ServiceConfiguration {
  readonly port: number;
  readonly strategy: Strategy;
  readonly context: StrategyContext;
}

/** What the FAULTLINE_* variables say. Throws a RangeError that names the variable, what it should be and what it is. */
export function serviceConfiguration(
  environment: Readonly<Record<string, string | undefined>>,
  strategies: readonly Strategy[],
): ServiceConfiguration {
  function text(name: string): string {
    const value = environment[name];
    if (value === undefined || value === '') throw new RangeError(`${name} should be set, but is not`);
    return value;
  }
  function number(name: string, from: number, to: number, fallback?: number): number {
    const value = environment[name] === undefined && fallback !== undefined ? fallback : Number(text(name));
    if (value >= from && value <= to) return value;
    throw new RangeError(`${name} should be a number from ${from} to ${to}, got ${environment[name]}`);
  }

  function oneOf<T extends string>(name: string, words: readonly T[], fallback: T): T {
    const value = environment[name] ?? fallback;
    const known = words.find((word) => word === value);
    if (known === undefined)
      throw new RangeError(`${name} should be one of ${words.join(', ')}, got ${value}`);
    return known;
  }

  const name = text('FAULTLINE_STRATEGY');
  const strategy = strategies.find((known) => known.name === name);
  if (!strategy) {
    const names = strategies.map((known) => known.name).join(', ');
    throw new RangeError(`FAULTLINE_STRATEGY should be one of ${names}, got ${name}`);
  }
  return {
    strategy,
    port: number('FAULTLINE_PORT', 1, 65_535),
    context: {
      instance: text('FAULTLINE_INSTANCE'),
      etcd: etcdMembers(text('FAULTLINE_ETCD')).map((endpoint) => ({
        ...endpoint,
        ...(environment[accessVariable] && { access: decodeAccess(environment[accessVariable]) }),
      })),
      primaryUrl: text('FAULTLINE_PRIMARY_URL'),
      replicaUrl: environment.FAULTLINE_REPLICA_URL || undefined,
      dataFolder: text('FAULTLINE_DATA'),
      queue: {
        capacity: number('FAULTLINE_QUEUE_CAPACITY', 1, 10_000_000, defaultQueue.capacity),
        whenFull: oneOf<QueueOptions['whenFull']>(
          'FAULTLINE_QUEUE_FULL',
          ['refuse', 'wait'],
          defaultQueue.whenFull,
        ),
        // etcd takes 128 operations in a transaction, and the batch's own progress is one.
        batchWrites: number('FAULTLINE_BATCH_WRITES', 1, 127, defaultQueue.batchWrites),
        batchAgeMs: number('FAULTLINE_BATCH_AGE_MS', 0, 10_000, defaultQueue.batchAgeMs),
      },
      timeScale: number('FAULTLINE_TIME_SCALE', 0.01, 100, 1),
      seed: number('FAULTLINE_SEED', -(2 ** 31), 2 ** 32, 0),
      watchRecord: environment.FAULTLINE_WATCH_RECORD
        ? {
            path: environment.FAULTLINE_WATCH_RECORD,
            originNs: BigInt(text('FAULTLINE_ORIGIN_NS')),
          }
        : undefined,
    },
  };
}

function etcdMembers(list: string): StrategyContext['etcd'] {
  return list.split(',').map((entry) => {
    const [member, address] = entry.split('=');
    if (member && address && /^[^:]+:\d+$/.test(address)) return { member, address };
    throw new RangeError(
      `FAULTLINE_ETCD should read m1=127.0.0.1:2001,m2=127.0.0.1:2002, got ${entry} in ${list}`,
    );
  });
}
