import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ICompare, IRequestOp } from 'etcd3';
import type { CarefulClient } from '../etcd/careful-client.ts';
import { EtcdFailed } from '../etcd/outcome.ts';
import type { PendingWrite } from './pending-writes.ts';

/** A NameTaken says that another process drains under this instance's name. */
export class NameTaken extends Error {
  override readonly name = 'NameTaken';
}

/** What etcd keeps of a name's batches. Written with every batch, in the same transaction. */
interface Progress {
  readonly number: number;
  /** One life of a process: batches of two lives are told apart even when their numbers are the same. */
  readonly life: string;
  /** Writes that are drained, as far as the journal may not say so itself. */
  readonly ids: readonly number[];
}

/**
 * A BatchWriter writes each batch to etcd exactly once, however often it has to be sent. How far it has come is a
 * key of its own, compared and set in the same transaction:
 *
 *   if progress = 6 then { progress := 7, put k1, put k2, ... } else { get progress }
 *
 * A batch that had applied although its answer was lost finds 7 and is done; sent again blindly it would get new
 * revisions and put old values over what others wrote since. A new life begins with a batch of its own, so that
 * what the last life had still under way can never apply after it has looked.
 */
export class BatchWriter {
  retries = 0;
  readonly #client: CarefulClient;
  readonly #progressKey: Buffer;
  readonly #prefix: string;
  readonly #signal: AbortSignal;
  readonly #life = randomUUID();
  /** As etcd has it; undefined: nothing was ever written under this name. */
  #progress: string | undefined;
  #number = 0;

  constructor(
    client: CarefulClient,
    names: { readonly progressKey: string; readonly prefix: string },
    signal: AbortSignal,
  ) {
    this.#client = client;
    this.#progressKey = Buffer.from(names.progressKey);
    this.#prefix = names.prefix;
    this.#signal = signal;
  }

  /**
   * Takes the name over. Resolves with the writes of earlier lives that etcd knows to be drained, and with a revision
   * after all of them.
   */
  async start(): Promise<{ readonly drained: readonly number[]; readonly revision: number }> {
    const found = await this.#persist(() => this.#client.range({ key: this.#progressKey }));
    let before = found.kvs[0]?.value.toString();
    for (;;) {
      const { number, ids } = parse(before);
      const next = { number: number + 1, life: this.#life, ids };
      const { failed, revision } = await this.#advance(before, next, []);
      if (failed === undefined) return { drained: ids, revision };
      // The last life's batch came through in between; now it is part of what was.
      before = failed.progress;
    }
  }

  /**
   * Resolves with the revision of the batch once etcd has it. `noted`: drained writes that the journal may not
   * know yet. Throws NameTaken, or the signal's reason.
   */
  async write(batch: readonly PendingWrite[], noted: Iterable<number> = []): Promise<number> {
    const ids = [...noted, ...batch.map(({ id }) => id)];
    const next = { number: this.#number + 1, life: this.#life, ids };
    const { failed, revision } = await this.#advance(this.#progress, next, batch);
    if (failed === undefined) return revision;
    throw new NameTaken(
      `expected batch ${this.#number} of ${this.#progressKey} in etcd, found ${failed.progress ?? 'none'}: ` +
        'another process writes under this instance name',
    );
  }

  async #advance(
    before: string | undefined,
    after: Progress,
    batch: readonly PendingWrite[],
  ): Promise<{ revision: number; failed?: { progress: string | undefined } }> {
    const key = this.#progressKey;
    const progress = JSON.stringify(after);
    const expected: ICompare =
      before === undefined
        ? { key, target: 'Create', result: 'Equal', create_revision: '0' }
        : { key, target: 'Value', result: 'Equal', value: Buffer.from(before) };
    const response = await this.#persist(() =>
      this.#client.txn({
        compare: [expected],
        success: [
          { request_put: { key, value: Buffer.from(progress) } },
          ...batch.map((write) => this.#operation(write)),
        ],
        failure: [{ request_range: { key } }],
      }),
    );
    let revision = Number(response.header.revision);
    if (!response.succeeded) {
      const found = response.responses[0]!.response_range.kvs[0];
      if (found?.value.toString() !== progress) {
        return { revision, failed: { progress: found?.value.toString() } };
      }
      // An earlier attempt had applied; nobody but us writes this key, so it still has the batch's revision.
      revision = Number(found.mod_revision);
    }
    this.#progress = progress;
    this.#number = after.number;
    return { revision };
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

function parse(progress: string | undefined): Progress {
  return progress === undefined ? { number: 0, life: '', ids: [] } : (JSON.parse(progress) as Progress);
}
