import { Counter, Registry } from 'prom-client';
import type { Proxies } from './proxies.ts';
import type { Direction } from './toxic.ts';

const directions: readonly Direction[] = ['upstream', 'downstream'];

/** The counters as Prometheus text, under the original's names; they move while connections live. */
export function createMetrics(proxies: Proxies): Registry {
  const registry = new Registry();
  for (const what of ['received', 'sent'] as const) {
    new Counter({
      name: `toxiproxy_proxy_${what}_bytes_total`,
      help: `Bytes ${what} by the proxy in a direction.`,
      labelNames: ['direction', 'proxy', 'listener', 'upstream'],
      registers: [registry],
      collect() {
        this.reset();
        for (const proxy of proxies.all) {
          for (const direction of directions) {
            const labels = {
              direction,
              proxy: proxy.name,
              listener: proxy.listen,
              upstream: proxy.upstream,
            };
            this.inc(labels, proxy.counters[direction][what]);
          }
        }
      },
    });
  }
  return registry;
}

/** The same, plainly: `{"m1->m2": {"upstream": {"received": 1, "sent": 1}, "downstream": {...}}}`. */
export const describeTraffic = (proxies: Proxies) =>
  Object.fromEntries(proxies.all.map((proxy) => [proxy.name, proxy.counters]));
