import type { IKeyValue, IRequestOp } from 'etcd3';
import type { Random } from '../../../harness/random.ts';
import type { CarefulClient } from '../../../strategies/etcd/careful-client.ts';
import type { WatchSink } from '../../../strategies/etcd/careful-watch.ts';
import type { WatchedEvent } from '../../../strategies/etcd/watched-keys.ts';

/** One line of the log: revision, what was done, the key, and the value that a put wrote. */
export type LogLine = readonly [revision: number, what: 'Put' | 'Delete', key: string, value: string];

/** A LogSink keeps what a watch told, as it came. */
export class LogSink implements WatchSink {
  readonly lines: LogLine[] = [];
  readonly compared: LogLine[] = [];
  listedAt = 0;
  lists = 0;
  revision = 0;
  /** Whether `reached` ever told a revision below one that it had told, or below an event's. */
  fellBack = false;

  listed(_keyValues: readonly IKeyValue[], revision: number): void {
    this.lists += 1;
    this.listedAt = revision;
  }

  changed({ type, kv, compared }: WatchedEvent): void {
    const value = type === 'Put' ? kv.value.toString() : '';
    const line: LogLine = [Number(kv.mod_revision), type, kv.key.toString(), value];
    this.lines.push(line);
    if (compared) this.compared.push(line);
  }

  reached(revision: number): void {
    if (revision < this.revision) this.fellBack = true;
    this.revision = revision;
  }
}

/**
 * A LogWriter changes keys under a prefix, one transaction after the other, and keeps the true log from etcd's own
 * answers, not from a watch: single puts and deletes, and transactions of several keys under one revision.
 */
export class LogWriter {
  readonly lines: LogLine[] = [];
  readonly #client: CarefulClient;
  readonly #prefix: string;
  readonly #random: Random;
  #count = 0;

  constructor(client: CarefulClient, prefix: string, random: Random) {
    this.#client = client;
    this.#prefix = prefix;
    this.#random = random;
  }

  async write(): Promise<number> {
    const keys = this.#random
      .shuffle(Array.from({ length: 12 }, (_, i) => `${this.#prefix}k${i}`))
      .slice(0, this.#random.pick([1, 1, 1, 2, 4]));
    const value = `v${++this.#count}`;
    const deletes = keys.map(() => this.#random.number() < 0.3);
    const success: IRequestOp[] = keys.map((name, i) => {
      const key = Buffer.from(name);
      return deletes[i]
        ? { request_delete_range: { key } }
        : { request_put: { key, value: Buffer.from(value) } };
    });
    const { header, responses } = await this.#client.txn({ success });
    const revision = Number(header.revision);
    for (const [i, key] of keys.entries()) {
      if (!deletes[i]) this.lines.push([revision, 'Put', key, value]);
      // A delete that found nothing is no event.
      else if (responses[i]!.response_delete_range.deleted !== '0') {
        this.lines.push([revision, 'Delete', key, '']);
      }
    }
    return revision;
  }
}
