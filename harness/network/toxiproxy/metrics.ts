import { Counter, Gauge, Registry } from 'prom-client';
import type { Proxies } from './proxies.ts';
import type { Direction } from './toxic-type.ts';

const directions: readonly Direction[] = ['upstream', 'downstream'];

/** The counters as Prometheus text, the first two under the original's names; they move while connections live. */
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
  new Gauge({
    name: 'toxiproxy_proxy_open_connections',
    help: 'Connections of which at least one side is open.',
    labelNames: ['proxy'],
    registers: [registry],
    collect() {
      this.reset();
      for (const proxy of proxies.all) this.set({ proxy: proxy.name }, proxy.openConnections);
    },
  });
  return registry;
}

/** The same, plainly: `{"m1->m2": {"upstream": {"received": 1, "sent": 1}, "downstream": {...}}}`. */
export const describeTraffic = (proxies: Proxies) =>
  Object.fromEntries(proxies.all.map((proxy) => [proxy.name, proxy.counters]));
