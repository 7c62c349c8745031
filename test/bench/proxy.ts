import { join } from 'node:path';
import type { Link, Network } from '../../harness/network/network.ts';
import { startToxiproxy } from '../../harness/network/toxiproxy/start.ts';
import { createNetwork } from '../../harness/network/toxiproxy-network.ts';
import { createSupervisor } from '../../harness/process/supervisor.ts';
import type { Bench, BenchRow } from './bench.ts';
import { megabytesPerSecond, openSocket, pingPong, quantile, startFarSide } from './far-side.ts';

/**
 * What a link costs: throughput through the embedded Toxiproxy against the same path without it, the latency that it
 * adds to a ping-pong, and how long a cut takes to be in force. The proxy is its own process as in a run, and the far
 * side its own thread, so that neither shares the loop that measures.
 */
export const bench: Bench = { name: 'proxy', run };

const oneStream = { streams: 1, blocksEach: 256 };
const roundTrips = 3_000;
const rounds = 5;

async function run(): Promise<readonly BenchRow[]> {
  await using supervisor = await createSupervisor();
  const folder = await supervisor.temporaryFolder('bench');
  const { url } = await startToxiproxy({ supervisor, seed: 1, logPath: join(folder, 'toxiproxy.log') });
  await using network = await createNetwork({ toxiproxyUrl: url });
  await using far = await startFarSide();
  const link = await network.add({ from: 'bench', to: 'far', upstream: far.address });
  const proxied = link.listen;

  // Interleaved, since the machine's speed drifts; the ratio is of the medians of one run.
  const direct: number[] = [];
  const through: number[] = [];
  const pings = { direct: [] as number[], through: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    direct.push(await megabytesPerSecond(far.address, oneStream));
    through.push(await megabytesPerSecond(proxied, oneStream));
    pings.direct.push(...(await pingPong(far.address, roundTrips)));
    pings.through.push(...(await pingPong(proxied, roundTrips)));
  }
  const slow = await network.slow([link], { latencyMs: 100, jitterMs: 0 });
  const slowed = await megabytesPerSecond(proxied, oneStream);
  await slow.heal();

  const added = (q: number) => quantile(pings.through, q) - quantile(pings.direct, q);
  const ratio = quantile(through, 0.5) / quantile(direct, 0.5);
  return [
    { what: 'direct throughput', value: quantile(direct, 0.5), unit: 'MB/s' },
    { what: 'throughput through a link', value: quantile(through, 0.5), unit: 'MB/s' },
    { what: 'through a link / direct', value: ratio, unit: 'x' },
    { what: 'through a link slowed by 100 ms', value: slowed, unit: 'MB/s' },
    { what: 'direct round trip p50', value: quantile(pings.direct, 0.5), unit: 'ms' },
    { what: 'added by a link p50', value: added(0.5), unit: 'ms', target: 'below 1', met: added(0.5) < 1 },
    { what: 'added by a link p99', value: added(0.99), unit: 'ms' },
    ...(await cuts(network, far.address)),
  ];
}

/** The six links of three members, each with an open connection, cut and healed in every flavour. */
async function cuts(network: Network, upstream: string): Promise<readonly BenchRow[]> {
  const members = ['m1', 'm2', 'm3'];
  const links: Link[] = [];
  for (const from of members) {
    for (const to of members) if (from !== to) links.push(await network.add({ from, to, upstream }));
  }
  const rows: BenchRow[] = [];
  for (const flavour of ['reject', 'blackhole', 'hold'] as const) {
    const times: number[] = [];
    for (let i = 0; i < 30; i++) {
      const open = await Promise.all(links.map((link) => openSocket(link.listen)));
      const startedMs = performance.now();
      const cut = await network.cut(links, flavour);
      times.push(performance.now() - startedMs);
      await cut.heal();
      for (const socket of open) socket.destroy();
    }
    const p50 = quantile(times, 0.5);
    rows.push(
      { what: `6 links cut (${flavour}) p50`, value: p50, unit: 'ms', target: 'below 20', met: p50 < 20 },
      { what: `6 links cut (${flavour}) max`, value: Math.max(...times), unit: 'ms' },
    );
  }
  return rows;
}
