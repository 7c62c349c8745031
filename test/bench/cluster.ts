import { join } from 'node:path';
import { startLocalCluster } from '../../harness/cluster/local-cluster.ts';
import { preflight } from '../../harness/cluster/preflight.ts';
import { ensureEtcd } from '../../harness/cluster/provision.ts';
import { isolateLeader } from '../../harness/nemesis/isolate-leader.ts';
import { startToxiproxy } from '../../harness/network/toxiproxy/start.ts';
import { createNetwork } from '../../harness/network/toxiproxy-network.ts';
import { createSupervisor, type Supervisor } from '../../harness/process/supervisor.ts';
import { seeded } from '../../harness/random.ts';
import type { Bench, BenchRow } from './bench.ts';

const rounds = 5;

/**
 * How long members take from the call until each has answered a linearizable read, router and links included, with
 * Toxiproxy already running; and what the preflight and the loss of a leader take then.
 */
export const bench: Bench = {
  name: 'cluster',
  async run() {
    const rows: BenchRow[] = [];
    for (const { members, targetMs } of [
      { members: 3, targetMs: 1_000 },
      { members: 5, targetMs: 2_000 },
    ] as const) {
      const healthy: number[] = [];
      const checked: number[] = [];
      const replaced: number[] = [];
      for (let round = 0; round < rounds; round++) {
        await using supervisor = await createSupervisor();
        const times = await oneRound(supervisor, members);
        healthy.push(times.healthyMs);
        checked.push(times.preflightMs);
        replaced.push(times.replacedMs);
      }
      const links = members * (members - 1);
      const what = `${members} members, ${links} links`;
      const target = `within ${targetMs} ms`;
      rows.push(
        {
          what: `${what}: healthy, median of ${rounds}`,
          ...ms(median(healthy)),
          target,
          met: median(healthy) <= targetMs,
        },
        {
          what: `${what}: healthy, worst of ${rounds}`,
          ...ms(Math.max(...healthy)),
          target,
          met: Math.max(...healthy) <= targetMs,
        },
        { what: `${what}: preflight, median of ${rounds}`, ...ms(median(checked)) },
        { what: `${what}: preflight, worst of ${rounds}`, ...ms(Math.max(...checked)) },
        {
          what: `${what}: another leader after isolate-leader, median of ${rounds}`,
          ...ms(median(replaced)),
        },
        {
          what: `${what}: another leader after isolate-leader, worst of ${rounds}`,
          ...ms(Math.max(...replaced)),
        },
      );
    }
    return rows;
  },
};

async function oneRound(supervisor: Supervisor, members: 3 | 5) {
  const etcd = await ensureEtcd();
  const folder = await supervisor.temporaryFolder('logs');
  const { url } = await startToxiproxy({ supervisor, seed: 1, logPath: join(folder, 'toxiproxy.log') });
  const network = await createNetwork({ toxiproxyUrl: url });

  const startedMs = performance.now();
  const cluster = await startLocalCluster({ supervisor, network, etcd, members, folder });
  const healthyMs = performance.now() - startedMs;

  const preflightStartedMs = performance.now();
  await preflight({ cluster, network });
  const preflightMs = performance.now() - preflightStartedMs;

  const old = await cluster.leader();
  const { signal } = new AbortController();
  const world = { cluster, network, instances: [], random: seeded(1), signal };
  const injected = await isolateLeader().inject(world);
  const isolatedMs = performance.now();
  let next = old;
  while (next === old) next = await cluster.leader();
  const replacedMs = performance.now() - isolatedMs;
  await injected.heal();
  return { healthyMs, preflightMs, replacedMs };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function ms(value: number): { value: number; unit: string } {
  return { value: Math.round(value), unit: 'ms' };
}
