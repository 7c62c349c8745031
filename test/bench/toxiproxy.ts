import { join } from 'node:path';
import { startOriginal } from '../../harness/network/toxiproxy/original.ts';
import { startToxiproxy } from '../../harness/network/toxiproxy/start.ts';
import { createNetwork } from '../../harness/network/toxiproxy-network.ts';
import { createSupervisor } from '../../harness/process/supervisor.ts';
import { usageOf } from '../../harness/process/usage.ts';
import { builtPath, toxiproxy } from '../versions/programs.ts';
import type { Bench, BenchRow } from './bench.ts';
import {
  connectionsPerSecond,
  megabytesPerSecond,
  offeredPings,
  pingPong,
  quantile,
  startFarSide,
} from './far-side.ts';

/**
 * The embedded Toxiproxy against the original, on one link each without toxics: interleaved, each first in every second
 * round, since the machine's speed drifts; the figures are medians over the rounds.
 */
export const bench: Bench = { name: 'toxiproxy', run };

const rounds = 4;
const roundTrips = 2_000;
/** More than a run of the harness offers on all links together. */
const offered = { connections: 20, perSecond: 2_000, seconds: 3 };

interface Figures {
  readonly one: number[];
  readonly many: number[];
  readonly pings: number[];
  readonly connections: number[];
  readonly offered: number[];
  /** Of the proxy's process, for a message and its answer. */
  readonly cpuMicros: number[];
}

const none = (): Figures => ({
  one: [],
  many: [],
  pings: [],
  connections: [],
  offered: [],
  cpuMicros: [],
});

async function run(): Promise<readonly BenchRow[]> {
  const path = await builtPath(toxiproxy);
  if (path === null) {
    process.stderr.write(
      'NOT MEASURED: there is no real Toxiproxy; npm run test-programs builds it, where Go is\n',
    );
    return [];
  }
  await using supervisor = await createSupervisor();
  const folder = await supervisor.temporaryFolder('bench');
  await using far = await startFarSide();
  const listenOf = async (url: string) => {
    const network = await createNetwork({ toxiproxyUrl: url });
    return (await network.add({ from: 'bench', to: 'far', upstream: far.address })).listen;
  };
  const embedded = await startToxiproxy({ supervisor, seed: 1, logPath: join(folder, 'embedded.log') });
  const original = await startOriginal({ supervisor, path, logPath: join(folder, 'original.log') });
  const ways = {
    direct: far.address,
    embedded: await listenOf(embedded.url),
    original: await listenOf(original.url),
  };
  const pids = { direct: undefined, embedded: embedded.process.pid, original: original.process.pid };
  const figures = { direct: none(), embedded: none(), original: none() };
  const names = ['direct', 'embedded', 'original'] as const;
  const interleaved = async (measure: (name: (typeof names)[number]) => Promise<void>) => {
    for (let round = 0; round < rounds; round++)
      for (const name of round % 2 === 0 ? names : [...names].reverse()) await measure(name);
  };
  // Before all else, as in a run: what saturates them leaves garbage that is collected in the middle of what follows.
  await interleaved(async (name) => {
    const pid = pids[name];
    const beforeMicros = pid === undefined ? 0 : usageOf(pid)!.cpuMicros;
    figures[name].offered.push(...(await offeredPings(ways[name], offered)));
    if (pid === undefined) return;
    const micros = usageOf(pid)!.cpuMicros - beforeMicros;
    figures[name].cpuMicros.push(micros / (offered.perSecond * offered.seconds));
  });
  await interleaved(async (name) => {
    const into = figures[name];
    const address = ways[name];
    into.one.push(await megabytesPerSecond(address, { streams: 1, blocksEach: 128 }));
    into.many.push(await megabytesPerSecond(address, { streams: 64, blocksEach: 2 }));
    into.pings.push(...(await pingPong(address, roundTrips)));
    into.connections.push(await connectionsPerSecond(address, { concurrent: 16, count: 1_000 }));
  });
  const median = (name: (typeof names)[number], what: keyof Figures) => quantile(figures[name][what], 0.5);
  const added = (name: 'embedded' | 'original', q: number, of: 'pings' | 'offered' = 'pings') =>
    quantile(figures[name][of], q) - quantile(figures.direct[of], q);
  const perSecond = (what: string, key: 'one' | 'many' | 'connections', unit: string): BenchRow[] => [
    { what: `${what}, embedded`, value: median('embedded', key), unit },
    { what: `${what}, original`, value: median('original', key), unit },
    {
      what: `${what}, embedded / original`,
      value: median('embedded', key) / median('original', key),
      unit: 'x',
    },
  ];
  const asGood = (what: string, unit: string, of: (name: 'embedded' | 'original') => number): BenchRow[] => [
    {
      what: `at ${offered.perSecond} round trips a second: ${what}, embedded`,
      value: of('embedded'),
      unit,
      target: "no more than the original's",
      met: of('embedded') <= of('original'),
    },
    {
      what: `at ${offered.perSecond} round trips a second: ${what}, original`,
      value: of('original'),
      unit,
    },
  ];
  return [
    ...asGood('added, p50', 'ms', (name) => added(name, 0.5, 'offered')),
    ...asGood('added, p99', 'ms', (name) => added(name, 0.99, 'offered')),
    ...asGood('CPU time each', 'µs', (name) => median(name, 'cpuMicros')),
    ...perSecond('one stream', 'one', 'MB/s'),
    ...perSecond('64 streams', 'many', 'MB/s'),
    ...perSecond('connections', 'connections', '1/s'),
    ...[0.5, 0.99].flatMap((q) => [
      { what: `added to a round trip, p${q * 100}, embedded`, value: added('embedded', q), unit: 'ms' },
      { what: `added to a round trip, p${q * 100}, original`, value: added('original', q), unit: 'ms' },
    ]),
  ];
}
