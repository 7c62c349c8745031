import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { giveBack } from './adopted-proxies.ts';
import { type ProxyPlace, ToxiproxyClient, ToxiproxyFailed } from './toxiproxy-client.ts';

/**
 * MadeProxies is the list of what a run makes on a Toxiproxy that outlives it, kept in a file: a Toxiproxy tells nobody whose a
 * proxy is, and other people's may have any name. It is written before a proxy is made, so that it has all of them however the
 * command ends; one that somebody else has made is told apart by where it listens and leads.
 * Proxies that a run has adopted are on it too, with how the names of its toxics begin: they are given back, not removed.
 */
export class MadeProxies {
  readonly #path: string;

  /** In a folder of its own. */
  constructor(folder: string) {
    this.#path = join(folder, 'proxies.jsonl');
  }

  /** Before it is made; or, when it is adopted, before anything is done to it. */
  async note(url: string, proxy: ProxyPlace, adopted?: { readonly toxicsBegin: string }): Promise<void> {
    const { name, listen, upstream } = proxy;
    await appendFile(this.#path, `${JSON.stringify({ url, name, listen, upstream, ...adopted })}\n`);
  }

  /**
   * Removes those that are still there, gives back those that were adopted and still have toxics of the run or are disabled, and
   * answers the names of both. A Toxiproxy that is gone has none; rejects with ToxiproxyFailed when one is there and does not answer.
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
      for (const proxy of there) {
        const noted = all.filter((one) => one.url === url && isSame(one, proxy));
        const begins = [...new Set(noted.flatMap(({ toxicsBegin }) => toxicsBegin ?? []))];
        if (begins.length === 0 && noted.length > 0) {
          await client.removeProxy(proxy);
          removed.push(proxy.name);
        }
        let enable = !proxy.enabled;
        for (const toxicsBegin of begins) {
          if (await giveBack(client, proxy, { toxicsBegin, enable })) removed.push(`toxics of ${proxy.name}`);
          enable = false;
        }
      }
    }
    return removed;
  }

  async #read(): Promise<readonly Noted[]> {
    const text = await readFile(this.#path, 'utf8').catch(() => '');
    // A line without its end is of a command that died before it made the proxy.
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }
}

interface Noted extends ProxyPlace {
  readonly url: string;
  /** Of a proxy that was adopted. */
  readonly toxicsBegin?: string;
}

function isSame(a: ProxyPlace, b: ProxyPlace): boolean {
  return a.name === b.name && a.listen === b.listen && a.upstream === b.upstream;
}
