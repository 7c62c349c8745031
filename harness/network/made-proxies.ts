import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ProxyPlace, ToxiproxyClient, ToxiproxyFailed } from './toxiproxy-client.ts';

/**
 * MadeProxies is the list of what a run makes on a Toxiproxy that outlives it, kept in a file: a Toxiproxy tells nobody whose a
 * proxy is, and other people's may have any name. It is written before a proxy is made, so that it has all of them however the
 * command ends; one that somebody else has made is told apart by where it listens and leads.
 */
export class MadeProxies {
  readonly #path: string;

  /** In a folder of its own. */
  constructor(folder: string) {
    this.#path = join(folder, 'proxies.jsonl');
  }

  async note(url: string, proxy: ProxyPlace): Promise<void> {
    const { name, listen, upstream } = proxy;
    await appendFile(this.#path, `${JSON.stringify({ url, name, listen, upstream })}\n`);
  }

  /**
   * Removes those that are still there, and answers their names. A Toxiproxy that is gone has none; rejects with
   * ToxiproxyFailed when one is there and does not answer.
   */
  async remove(): Promise<readonly string[]> {
    const removed: string[] = [];
    const all = await this.#read();
    for (const url of new Set(all.map((one) => one.url))) {
      const client = new ToxiproxyClient(url, 2_000);
      const there = await client.proxies().catch((error) => {
        if (error instanceof ToxiproxyFailed && error.nobodyThere) return [];
        throw error;
      });
      const ours = there.filter((proxy) => all.some((one) => one.url === url && isSame(one, proxy)));
      await Promise.all(ours.map((proxy) => client.removeProxy(proxy)));
      removed.push(...ours.map(({ name }) => name));
    }
    return removed;
  }

  async #read(): Promise<readonly (ProxyPlace & { readonly url: string })[]> {
    const text = await readFile(this.#path, 'utf8').catch(() => '');
    // A line without its end is of a command that died before it made the proxy.
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }
}

function isSame(a: ProxyPlace, b: ProxyPlace): boolean {
  return a.name === b.name && a.listen === b.listen && a.upstream === b.upstream;
}
