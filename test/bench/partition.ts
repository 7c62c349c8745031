import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLocalCluster } from '../../harness/cluster/local-cluster.ts';
import { ensureEtcd } from '../../harness/cluster/provision.ts';
import { apart, linksOf } from '../../harness/network/grudge.ts';
import type { Flavour, Network } from '../../harness/network/network.ts';
import { startToxiproxy } from '../../harness/network/toxiproxy/start.ts';
import { createNetwork } from '../../harness/network/toxiproxy-network.ts';
import { createSupervisor } from '../../harness/process/supervisor.ts';
import type { Bench, BenchRow } from './bench.ts';
import { type Pulse, startPulse } from './pulse.ts';

const rounds = 50;
const targetMs = 20;

/**
 * How long a partition takes from its command until no byte passes, and from the command to heal it until one does, on a
 * cluster that works. Bytes are seen on one link more that is cut together with all links of a member, as the last of
 * them: a byte each millisecond both ways, on a connection that is dialled again whenever it dies.
 */
export const bench: Bench = {
  name: 'partition',
  async run() {
    await using supervisor = await createSupervisor();
    const folder = await supervisor.temporaryFolder('logs');
    const { url } = await startToxiproxy({ supervisor, seed: 1, logPath: join(folder, 'toxiproxy.log') });
    const network = await createNetwork({ toxiproxyUrl: url });
    const etcd = await ensureEtcd();
    const cluster = await startLocalCluster({ supervisor, network, etcd, members: 3, folder });
    await using pulse = await startPulse(
      async (upstream) => (await network.add({ from: 'near', to: 'far', upstream })).listen,
    );
    const rows: BenchRow[] = [];
    for (const flavour of ['reject', 'blackhole', 'hold'] as const) {
      const took: Took[] = [];
      for (let round = 0; round < rounds; round++) {
        took.push(await oneRound(network, flavour, pulse));
        // Each begins with a cluster that is well.
        await cluster.leader();
      }
      for (const [what, of] of figures)
        rows.push(
          ...quantiles(
            `${flavour}: ${what}`,
            took.map((one) => one[of]),
          ),
        );
    }
    return rows;
  },
};

interface Took {
  readonly cutMs: number;
  readonly silentMs: number;
  readonly healMs: number;
  readonly heardMs: number;
}

const figures = [
  ['cut, until its command has ended', 'cutMs'],
  ['cut, until the last byte through', 'silentMs'],
  ['healed, until its command has ended', 'healMs'],
  ['healed, until the first byte through both ways', 'heardMs'],
] as const;

async function oneRound(network: Network, flavour: Flavour, pulse: Pulse): Promise<Took> {
  const links = [...linksOf(apart(['m1'], ['m2', 'm3']), network), network.link('near', 'far')];
  const beforeMs = pulse.nowMs();
  await pulse.heardSince(beforeMs);
  const cutFromMs = pulse.nowMs();
  const cut = await network.cut(links, flavour);
  const cutMs = pulse.nowMs() - cutFromMs;
  // Long after the command: a byte that came late would be seen, and counted.
  await sleep(60);
  const lastMs = await pulse.lastHeardMs();
  const healFromMs = pulse.nowMs();
  await cut.heal();
  const healMs = pulse.nowMs() - healFromMs;
  return {
    cutMs,
    silentMs: Math.max(0, lastMs - cutFromMs),
    healMs,
    heardMs: (await pulse.heardSince(healFromMs)) - healFromMs,
  };
}

function quantiles(what: string, values: readonly number[]): BenchRow[] {
  const sorted = [...values].sort((a, b) => a - b);
  const ranked = (q: number) => sorted[Math.ceil(q * sorted.length) - 1]!;
  return (
    [
      ['p50', ranked(0.5)],
      ['p99', ranked(0.99)],
      ['max', ranked(1)],
    ] as const
  ).map(([of, value]) => ({
    what: `${what}, ${of} of ${rounds}`,
    value,
    unit: 'ms',
    target: `within ${targetMs} ms`,
    met: value <= targetMs,
  }));
}
