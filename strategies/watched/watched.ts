import type { IRequestOp } from 'etcd3';
import { CarefulClient } from '../etcd/careful-client.ts';
import { firstMember } from '../etcd/first-member.ts';
import { FollowedKeys } from '../etcd/followed-keys.ts';
import { refuse } from '../etcd/refuse.ts';
import type {
  OpenStrategy,
  ReadAnswer,
  ReadRequest,
  Strategy,
  StrategyContext,
  WriteAnswer,
  WriteRequest,
} from '../strategy.ts';
import { carefulFeed, type Feed, rawFeed } from './feed.ts';
import { WatchRecorder } from './watch-recorder.ts';
import { mitigationsOf, type WatchedName, watchedNames } from './ways.ts';

const prefix = 'watched/';
const deadlineMs = 900;

/**
 * A local copy that a watch keeps up to date, one strategy for each way of watching: eventual reads from the copy, all
 * else from etcd. An own write is not put into the copy: what is there was told by the watch.
 *
 *   write --> etcd --> watch --> copy --> eventual read
 */
export const watched: readonly Strategy[] = watchedNames.map((name) => ({
  name,
  open: (context) => WatchedCopy.open(name, context),
}));

class WatchedCopy implements OpenStrategy {
  readonly #client: CarefulClient;
  readonly #copy = new FollowedKeys(prefix);
  readonly #recorder: WatchRecorder;
  #feed: Feed | undefined;

  static async open(name: WatchedName, context: StrategyContext): Promise<WatchedCopy> {
    const opened = new WatchedCopy(context);
    const mitigations = mitigationsOf(name, context.timeScale);
    opened.#feed = mitigations
      ? await carefulFeed(opened.#client, prefix, opened.#copy, opened.#recorder, mitigations)
      : await rawFeed(context, prefix, opened.#copy, opened.#recorder);
    return opened;
  }

  private constructor(context: StrategyContext) {
    this.#client = new CarefulClient({ etcd: context.etcd, deadlineMs, firstMember: firstMember(context) });
    this.#recorder = new WatchRecorder(context);
  }

  async read({ key, grade }: ReadRequest): Promise<ReadAnswer> {
    if (grade === 'eventual') return { value: null, ...this.#copy.get(key), source: 'cache', cache: 'hit' };
    try {
      const { kvs } = await this.#client.range({ key: Buffer.from(prefix + key) });
      const [found] = kvs;
      if (!found) return { value: null, source: 'etcd' };
      return {
        value: JSON.parse(found.value.toString()),
        revision: Number(found.mod_revision),
        source: 'etcd',
      };
    } catch (error) {
      throw refuse(error, 'read');
    }
  }

  async write(request: WriteRequest): Promise<WriteAnswer> {
    const key = Buffer.from(prefix + request.key);
    const deletes = request.value === undefined;
    const write: IRequestOp = deletes
      ? { request_delete_range: { key } }
      : { request_put: { key, value: Buffer.from(JSON.stringify(request.value)) } };
    const expected = request.expectedRevision;
    try {
      const { succeeded, header, responses } = await this.#client.txn({
        compare:
          expected === undefined
            ? []
            : [{ key, target: 'Mod', result: 'Equal', mod_revision: String(expected) }],
        success: [write],
        failure: [{ request_range: { key } }],
      });
      if (!succeeded) {
        const current = responses[0]!.response_range.kvs[0];
        return { written: false, revision: Number(current?.mod_revision ?? 0), source: 'etcd' };
      }
      // A delete that found nothing wrote nothing: the revision belongs to some other write.
      const wrote = !deletes || responses[0]!.response_delete_range.deleted !== '0';
      return { written: true, ...(wrote && { revision: Number(header.revision) }), source: 'etcd' };
    } catch (error) {
      throw refuse(error, 'write');
    }
  }

  metrics(): Readonly<Record<string, number>> {
    return { faultline_copy_keys: this.#copy.size, ...this.#feed?.metrics() };
  }

  health(): { ok: true } {
    return { ok: true };
  }

  async close(): Promise<void> {
    this.#feed?.close();
    this.#client.close();
    await this.#recorder.close();
  }
}
