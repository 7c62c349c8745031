import type { IEvent, IWatchResponse } from 'etcd3';
import type { CarefulClient } from '../../strategies/etcd/careful-client.ts';
import { prefixRange } from '../../strategies/etcd/prefix.ts';

/** A RawWatch is one stream at one member, as it comes: nothing is resumed, compared or left out. */
export class RawWatch {
  readonly responses: IWatchResponse[] = [];
  readonly #stream: Awaited<ReturnType<CarefulClient['watchStream']>>;
  #error: Error | undefined;
  #heard = () => {};

  static async open(
    client: CarefulClient,
    { member = 'm1', prefix, from }: { member?: string; prefix: string; from: number },
  ): Promise<RawWatch> {
    const watch = new RawWatch(await client.watchStream(member));
    watch.#stream.write({ create_request: { ...prefixRange(prefix), start_revision: String(from) } });
    return watch;
  }

  private constructor(stream: Awaited<ReturnType<CarefulClient['watchStream']>>) {
    this.#stream = stream;
    stream.on('data', (response) => {
      this.responses.push(response);
      this.#heard();
    });
    stream.on('error', (error: Error) => {
      this.#error = error;
      this.#heard();
    });
  }

  get events(): readonly IEvent[] {
    return this.responses.flatMap(({ events }) => events);
  }

  askProgress(): void {
    this.#stream.write({ progress_request: {} });
  }

  /** Resolves to whether it held within the time. Rejects when the stream fails before. */
  async until(holds: () => boolean, withinMs = 10_000): Promise<boolean> {
    const endMs = performance.now() + withinMs;
    while (!holds()) {
      if (this.#error) throw this.#error;
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#heard = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return true;
  }

  close(): void {
    this.#stream.end();
    this.#stream.cancel();
  }
}

/** Compacts the store, physically. */
export async function compact(address: string, revision: number): Promise<void> {
  const answer = await fetch(`http://${address}/v3/kv/compaction`, {
    method: 'POST',
    body: JSON.stringify({ revision: String(revision), physical: true }),
    signal: AbortSignal.timeout(5_000),
  });
  if (!answer.ok)
    throw new Error(`compaction at ${revision} answered ${answer.status}: ${await answer.text()}`);
}
