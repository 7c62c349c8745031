import type { AddressInfo } from 'node:net';
import { seeded } from '../../random.ts';
import { formatAddress } from './address.ts';
import { createApi } from './api.ts';
import { Proxies } from './proxies.ts';

export interface ToxiproxyServerOptions {
  readonly host?: string;
  /** 0 takes any. */
  readonly port: number;
  /** All chance follows from it: which connections a toxicity chooses, jitter, sizes of slices. */
  readonly seed: number;
  /** Whether reset_peer resets connections that are open when it is added; true unless told. */
  readonly resetOpen?: boolean;
  log?(event: Readonly<Record<string, unknown>>): void;
}

export interface ToxiproxyServer extends AsyncDisposable {
  readonly url: string;
  close(): Promise<void>;
}

/** Resolves when the API answers; rejects with the system's error when it cannot listen. */
export async function startToxiproxyServer(options: ToxiproxyServerOptions): Promise<ToxiproxyServer> {
  const proxies = new Proxies(seeded(options.seed), {
    resetOpen: options.resetOpen ?? true,
    log: options.log ?? (() => {}),
  });
  const api = createApi(proxies);
  await api.listen({ host: options.host ?? '127.0.0.1', port: options.port });
  const { address, port } = api.addresses()[0] as AddressInfo;
  const close = async () => {
    await api.close();
    await proxies.clear();
  };
  return {
    url: `http://${formatAddress({ host: address, port })}`,
    close,
    [Symbol.asyncDispose]: close,
  };
}
