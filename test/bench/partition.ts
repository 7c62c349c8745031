import { join } from 'node:path';
import { startLocalCluster } from '../../harness/cluster/local-cluster.ts';
import { ensureEtcd } from '../../harness/cluster/provision.ts';
import { apart, linksOf } from '../../harness/network/grudge.ts';
import type { Flavour } from '../../harness/network/network.ts';
import { startToxiproxy } from '../../harness/network/toxiproxy/start.ts';
import { createNetwork } from '../../harness/network/toxiproxy-network.ts';
import { createSupervisor } from '../../harness/process/supervisor.ts';
import type { Bench, BenchRow } from './bench.ts';

const rounds = 30;
const targetMs = 20;

/**
 * How long a partition takes from its command until it is in force on every link of the member that is cut off, and as
 * long to heal, on a cluster that works. The command resolves only when Toxiproxy has said so of each link, open
 * connections included; that nothing passes then is a matter of test/network.
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
    const rows: BenchRow[] = [];
    for (const flavour of ['reject', 'blackhole', 'hold'] as const) {
      const cuts: number[] = [];
      const heals: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const { cutMs, healMs } = await oneRound(network, flavour);
        cuts.push(cutMs);
        heals.push(healMs);
        // Each begins with a cluster that is well.
        await cluster.leader();
      }
      rows.push(...figures(`${flavour}: in force`, cuts), ...figures(`${flavour}: healed`, heals));
    }
    return rows;
  },
};

async function oneRound(network: Awaited<ReturnType<typeof createNetwork>>, flavour: Flavour) {
  const links = linksOf(apart(['m1'], ['m2', 'm3']), network);
  const startedMs = performance.now();
  const cut = await network.cut(links, flavour);
  const cutMs = performance.now() - startedMs;
  const healFromMs = performance.now();
  await cut.heal();
  return { cutMs, healMs: performance.now() - healFromMs };
}

function figures(what: string, values: readonly number[]): BenchRow[] {
  const sorted = [...values].sort((a, b) => a - b);
  const row = (of: string, value: number): BenchRow => ({
    what: `member cut off from two, ${what}, ${of} of ${rounds}`,
    value,
    unit: 'ms',
    target: `within ${targetMs} ms`,
    met: value <= targetMs,
  });
  return [row('median', sorted[Math.floor(rounds / 2)]!), row('worst', sorted.at(-1)!)];
}
