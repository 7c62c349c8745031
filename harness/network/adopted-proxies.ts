import type { Proxy as ClientProxy } from 'toxiproxy-node-client';
import type { ToxiproxyClient } from './toxiproxy-client.ts';

/** An AdoptedLink is a link whose proxy is somebody else's: it is never made and never deleted, and left as it was found. */
export interface AdoptedLink {
  readonly from: string;
  readonly to: string;
  /** What its Toxiproxy calls it. */
  readonly proxy: string;
}

/** A ProxyUnfit says which proxy a run cannot adopt, what was expected of it and what was found. */
export class ProxyUnfit extends Error {
  override readonly name = 'ProxyUnfit';
  constructor(
    readonly link: AdoptedLink,
    problem: string,
  ) {
    super(`${link.from}->${link.to} ${problem}`);
  }
}

/**
 * The proxies of the links, in their order; changes nothing. A proxy has to be enabled and without toxics: what a fault does would
 * otherwise mingle with what somebody else is doing to it. @throws ProxyUnfit
 */
export async function findAdopted(
  client: ToxiproxyClient,
  links: readonly AdoptedLink[],
): Promise<readonly ClientProxy[]> {
  const there = new Map((await client.proxies()).map((proxy) => [proxy.name, proxy]));
  return await Promise.all(
    links.map(async (link) => {
      const proxy = there.get(link.proxy);
      if (proxy === undefined) {
        const names = [...there.keys()].sort().join(', ') || 'none';
        throw new ProxyUnfit(link, `should name a proxy of ${client.url} (${names}), got ${link.proxy}`);
      }
      if (!proxy.enabled)
        throw new ProxyUnfit(link, `should name a proxy that is enabled, got ${link.proxy}, which is not`);
      const toxics = await client.toxicsOf(proxy);
      if (toxics.length > 0)
        throw new ProxyUnfit(
          link,
          `should name a proxy without toxics, got ${link.proxy} with ${toxics.join(', ')}`,
        );
      return proxy;
    }),
  );
}

/**
 * Takes from a proxy the toxics whose names begin like that, by name, and enables it where it is disabled. Answers whether there
 * was anything to undo; toxics of others stay.
 */
export async function giveBack(
  client: ToxiproxyClient,
  proxy: ClientProxy,
  { toxicsBegin, enable }: { readonly toxicsBegin: string; readonly enable: boolean },
): Promise<boolean> {
  const ours = (await client.toxicsOf(proxy)).filter((name) => name.startsWith(toxicsBegin));
  await Promise.all(ours.map((name) => client.removeToxic(proxy, name)));
  if (enable) await client.setEnabled(proxy, true);
  return ours.length > 0 || enable;
}
