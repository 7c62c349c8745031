import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Readiness } from './server.ts';

/** What /metrics tells: requests, reads by cache class, queries to the database, and the strategy's own figures. */
export class ServiceMetrics {
  readonly requests: Counter<'method' | 'status'>;
  readonly cacheReads: Counter<'class'>;
  readonly #registry = new Registry();
  readonly #databaseQueries: Counter<'role' | 'kind'>;
  readonly #gauges = new Map<string, Gauge>();
  readonly #readiness: Readiness;

  constructor(strategy: string, readiness: Readiness) {
    this.#readiness = readiness;
    this.#registry.setDefaultLabels({ strategy });
    collectDefaultMetrics({ register: this.#registry });
    const registers = [this.#registry];
    this.requests = new Counter({
      name: 'faultline_requests_total',
      help: 'Requests answered',
      labelNames: ['method', 'status'],
      registers,
    });
    this.cacheReads = new Counter({
      name: 'faultline_cache_reads_total',
      help: 'Reads by how the cache took part',
      labelNames: ['class'],
      registers,
    });
    this.#databaseQueries = new Counter({
      name: 'faultline_database_queries_total',
      help: 'Queries sent to the database by this instance',
      labelNames: ['role', 'kind'],
      registers,
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    if (this.#readiness.state === 'open') this.#collect();
    return this.#registry.metrics();
  }

  #collect(): void {
    const { strategy } = this.#readiness;
    this.#databaseQueries.reset();
    for (const { role, kind, count } of strategy.databaseQueries?.() ?? []) {
      this.#databaseQueries.inc({ role, kind }, count);
    }
    for (const [name, value] of Object.entries(strategy.metrics())) {
      let gauge = this.#gauges.get(name);
      if (!gauge) {
        gauge = new Gauge({ name, help: name.replaceAll('_', ' '), registers: [this.#registry] });
        this.#gauges.set(name, gauge);
      }
      gauge.set(value);
    }
  }
}
