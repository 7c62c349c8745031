import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Readiness } from './server.ts';

/** What /metrics tells: requests, reads by cache class, queries to the database, and the strategy's own figures. */
export class ServiceMetrics {
  readonly #registry = new Registry();
  readonly #requests: Counted<'method' | 'status'>;
  readonly #cacheReads: Counted<'class'>;
  readonly #databaseQueries: Counter<'role' | 'kind'>;
  readonly #gauges = new Map<string, Gauge>();
  readonly #readiness: Readiness;

  constructor(strategy: string, readiness: Readiness) {
    this.#readiness = readiness;
    this.#registry.setDefaultLabels({ strategy });
    collectDefaultMetrics({ register: this.#registry });
    const registers = [this.#registry];
    this.#requests = new Counted(
      new Counter({
        name: 'faultline_requests_total',
        help: 'Requests answered',
        labelNames: ['method', 'status'],
        registers,
      }),
    );
    this.#cacheReads = new Counted(
      new Counter({
        name: 'faultline_cache_reads_total',
        help: 'Reads by how the cache took part',
        labelNames: ['class'],
        registers,
      }),
    );
    this.#databaseQueries = new Counter({
      name: 'faultline_database_queries_total',
      help: 'Queries sent to the database by this instance',
      labelNames: ['role', 'kind'],
      registers,
    });
  }

  answered(method: string, status: number): void {
    this.#requests.add(`${method} ${status}`, () => ({ method, status: String(status) }));
  }

  cacheRead(kind: string): void {
    this.#cacheReads.add(kind, () => ({ class: kind }));
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    this.#requests.tell();
    this.#cacheReads.tell();
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

/** What a counter is told when it is looked at: labels are put into order and joined for every single count otherwise. */
class Counted<Label extends string> {
  readonly #counter: Counter<Label>;
  readonly #counts = new Map<string, { readonly labels: Record<Label, string>; untold: number }>();

  constructor(counter: Counter<Label>) {
    this.#counter = counter;
  }

  /** `name` stands for the labels, which are asked for once. */
  add(name: string, labels: () => Record<Label, string>): void {
    let count = this.#counts.get(name);
    if (!count) {
      count = { labels: labels(), untold: 0 };
      this.#counts.set(name, count);
    }
    count.untold += 1;
  }

  tell(): void {
    for (const count of this.#counts.values()) {
      if (count.untold > 0) this.#counter.inc(count.labels, count.untold);
      count.untold = 0;
    }
  }
}
