import { setTimeout as sleep } from 'node:timers/promises';
import type { ICompare, IRequestOp } from 'etcd3';
import type { CarefulClient } from '../etcd/careful-client.ts';
import { EtcdFailed } from '../etcd/outcome.ts';
import type { PendingWrite } from './pending-writes.ts';

/** A NameTaken says that another process drains under this instance's name. */
export class NameTaken extends Error {
  override readonly name = 'NameTaken';
}

/**
 * A BatchWriter writes each batch to etcd exactly once, however often it has to be sent. The number of the last
 * batch is a key of its own, compared and set in the same transaction:
 *
 *   if number = 6 then { number := 7, put k1, put k2, ... } else { get number }
 *
 * A batch that had applied although its answer was lost finds 7 and is done; sent again blindly it would get new
 * revisions and put old values over what others wrote since.
 */
export class BatchWriter {
  retries = 0;
  readonly #client: CarefulClient;
  readonly #numberKey: Buffer;
  readonly #prefix: string;
  readonly #signal: AbortSignal;
  /** 0: none was ever written under this name. */
  #last = 0;

  constructor(
    client: CarefulClient,
    names: { readonly numberKey: string; readonly prefix: string },
    signal: AbortSignal,
  ) {
    this.#client = client;
    this.#numberKey = Buffer.from(names.numberKey);
    this.#prefix = names.prefix;
    this.#signal = signal;
  }

  /** The number of the last batch that etcd has. */
  get last(): number {
    return this.#last;
  }

  /** Asks etcd for it. To be called before the first batch. */
  async start(): Promise<void> {
    const found = await this.#persist(() => this.#client.range({ key: this.#numberKey }));
    this.#last = Number(found.kvs[0]?.value.toString() ?? 0);
  }

  /** Resolves with the revision of the batch once etcd has it. Throws NameTaken, or the signal's reason. */
  async write(number: number, batch: readonly PendingWrite[]): Promise<number> {
    const key = this.#numberKey;
    const expected: ICompare =
      this.#last === 0
        ? { key, target: 'Create', result: 'Equal', create_revision: '0' }
        : { key, target: 'Value', result: 'Equal', value: Buffer.from(String(this.#last)) };
    const puts = batch.map((write) => this.#operation(write));
    const response = await this.#persist(() =>
      this.#client.txn({
        compare: [expected],
        success: [{ request_put: { key, value: Buffer.from(String(number)) } }, ...puts],
        failure: [{ request_range: { key } }],
      }),
    );
    if (response.succeeded) {
      this.#last = number;
      return Number(response.header.revision);
    }
    const found = response.responses[0]!.response_range.kvs[0];
    if (found?.value.toString() !== String(number)) {
      throw new NameTaken(
        `expected batch ${this.#last} of ${key} in etcd, found ${found?.value.toString() ?? 'none'}: ` +
          'another process writes under this instance name',
      );
    }
    // An earlier attempt had applied; nobody but us writes this key, so it still has the batch's revision.
    this.#last = number;
    return Number(found.mod_revision);
  }

  #operation({ key, value }: PendingWrite): IRequestOp {
    const name = Buffer.from(this.#prefix + key);
    return value === undefined
      ? { request_delete_range: { key: name } }
      : { request_put: { key: name, value: Buffer.from(JSON.stringify(value)) } };
  }

  /** Asks until it is answered: what is sent here may be sent again. */
  async #persist<T>(ask: () => Promise<T>): Promise<T> {
    for (let backoffMs = 20; ; backoffMs = Math.min(backoffMs * 2, 500)) {
      try {
        return await ask();
      } catch (error) {
        this.#signal.throwIfAborted();
        if (!(error instanceof EtcdFailed)) throw error;
        this.retries += 1;
        await sleep(backoffMs, undefined, { signal: this.#signal });
      }
    }
  }
}
