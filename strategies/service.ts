/**
 * Serves one strategy over the HTTP contract as one process, told everything by FAULTLINE_* variables
 * (harness/service/instance.ts) and FAULTLINE_STRATEGY, its name.
 *
 *     FAULTLINE_STRATEGY=lease-session FAULTLINE_PORT=8080 FAULTLINE_ETCD=m1=127.0.0.1:2379 ... node service.js
 */
import { once } from 'node:events';
import { policies } from './cache/policies.ts';
import { cached } from './cache/served.ts';
import { consistencyRouting } from './consistency-routing/consistency-routing.ts';
import { consistencyRoutingNaive } from './consistency-routing/consistency-routing-naive.ts';
import { leaseSession } from './lease-session/lease-session.ts';
import { leaseSessionNaive } from './lease-session/lease-session-naive.ts';
import { serviceConfiguration } from './service/configuration.ts';
import { Readiness, serve } from './service/server.ts';
import { watched } from './watched/watched.ts';
import { writeBehind, writeBehindMemory } from './write-behind/write-behind.ts';
import { writeBehindNaive } from './write-behind/write-behind-naive.ts';

const caches = policies.map(({ name }) => cached(name));
const naiveTwins = [leaseSessionNaive, consistencyRoutingNaive, writeBehindNaive];
const strategies = [
  leaseSession,
  consistencyRouting,
  writeBehind,
  writeBehindMemory,
  ...naiveTwins,
  ...caches,
  ...watched,
];
const { port, context, strategy } = serviceConfiguration(process.env, strategies);

const readiness = new Readiness();
const server = await serve({ port, strategy: strategy.name, readiness });
console.log(`${context.instance} serves ${strategy.name} on 127.0.0.1:${port}`);

let stopping: Promise<void> | undefined;
function stop(): Promise<void> {
  stopping ??= (async () => {
    await server.close();
    if (readiness.state === 'open') await readiness.strategy.close();
    process.exit(0);
  })();
  return stopping;
}
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => void stop());
if (process.env.FAULTLINE_SUPERVISOR !== undefined) {
  // The other end of this pipe is the command that started us: it ends however the command does.
  process.stdin.on('end', () => process.exit(1)).resume();
}
// Started before what it is to open can be relied on: loading is most of what a start takes.
if (process.env.FAULTLINE_OPEN_ON_LINE !== undefined) await once(process.stdin, 'data');

readiness.opened(await strategy.open(context));
console.log(`${context.instance} is ready`);
