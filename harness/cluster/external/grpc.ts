import { readFileSync } from 'node:fs';
import { InterceptingCall, type Interceptor, type Metadata, status } from '@grpc/grpc-js';
import { Etcd3, type IOptions } from 'etcd3';
import type { EtcdEndpoint, TlsFiles } from './access.ts';
import { Namespace } from './namespace.ts';
import { hasKeys } from './permitted.ts';

/**
 * What etcd3 needs to reach these members. Without an access, which is the usual, plain addresses and no more; with one, TLS
 * that expects the member's own certificate though the connection goes to a link, and interceptors for every call.
 *
 * A call that brings interceptors of its own has to bring `accessInterceptors` too: gRPC does not add them up.
 *
 * @throws Error when members that one client speaks to have certificates of different names
 */
export function etcdOptions(etcd: readonly EtcdEndpoint[]): {
  readonly hosts: string[];
  readonly credentials?: NonNullable<IOptions['credentials']>;
  readonly grpcOptions?: NonNullable<IOptions['grpcOptions']>;
} {
  const tls = etcd[0]?.access?.tls;
  const interceptors = accessInterceptors(etcd);
  return {
    hosts: etcd.map(({ address }) => `${tls ? 'https' : 'http'}://${address}`),
    ...(tls && { credentials: credentialsOf(tls) }),
    ...(interceptors.length > 0 && {
      grpcOptions: {
        ...(tls && { 'grpc.ssl_target_name_override': serverNameOf(tls, etcd) }),
        // Part of a client's options, though not of a channel's, whose type etcd3 gives them.
        ...({ interceptors } as object),
      },
    }),
  };
}

/** None without an access. */
export function accessInterceptors(etcd: readonly EtcdEndpoint[]): Interceptor[] {
  const access = etcd[0]?.access;
  if (access === undefined) return [];
  return [
    ...(access.user === undefined ? [] : [withToken(new Token(etcd, access.user))]),
    underPrefix(new Namespace(access.prefix)),
  ];
}

function underPrefix(namespace: Namespace): Interceptor {
  return (options, nextCall) => {
    if (!hasKeys(options.method_definition.path)) return new InterceptingCall(nextCall(options));
    return new InterceptingCall(nextCall(options), {
      start(metadata, _listener, next) {
        next(metadata, {
          onReceiveMessage: (message, nextMessage) => nextMessage(namespace.answer(message)),
        });
      },
      sendMessage: (message, next) => next(namespace.request(message)),
    });
  };
}

function withToken(token: Token): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata: Metadata, _listener, next) {
        const goOn = () =>
          next(metadata, {
            onReceiveStatus(received, nextStatus) {
              if (received.code === status.UNAUTHENTICATED) token.forget();
              nextStatus(received);
            },
          });
        // Without one the member says what is wrong.
        token.current().then(
          (text) => {
            metadata.set('token', text);
            goOn();
          },
          () => goOn(),
        );
      },
    });
}

/** etcd forgets a token that was not used for 5 minutes. */
const freshForMs = 60_000;

/**
 * A Token says who asks; any member takes one that another gave. It is fetched when it is first needed and once it was refused,
 * for which calls wait; when it is old it is fetched beside them. Members take a while over a password, so that one
 * fetch serves all calls.
 */
class Token {
  readonly #etcd: readonly EtcdEndpoint[];
  readonly #user: { readonly name: string; readonly password: string };
  #known: { readonly atMs: number; readonly text: string } | undefined;
  #fetching: Promise<string> | undefined;

  constructor(etcd: readonly EtcdEndpoint[], user: { readonly name: string; readonly password: string }) {
    this.#etcd = etcd;
    this.#user = user;
  }

  async current(): Promise<string> {
    const known = this.#known;
    if (known === undefined) return await this.#fetch();
    if (performance.now() - known.atMs > freshForMs) this.#fetch().catch(() => {});
    return known.text;
  }

  forget(): void {
    this.#known = undefined;
  }

  #fetch(): Promise<string> {
    this.#fetching ??= this.#ask()
      .then((text) => {
        this.#known = { atMs: performance.now(), text };
        return text;
      })
      .finally(() => {
        this.#fetching = undefined;
      });
    return this.#fetching;
  }

  /** One member after the other; rejects with what the last one said. */
  async #ask(): Promise<string> {
    let last: unknown;
    for (const { access, ...place } of this.#etcd) {
      const { prefix, tls } = access!;
      const client = new Etcd3({
        ...etcdOptions([{ ...place, access: { prefix, ...(tls && { tls }) } }]),
        defaultCallOptions: () => ({ deadline: Date.now() + 5_000 }),
      });
      try {
        return (await client.auth.authenticate(this.#user)).token;
      } catch (error) {
        last = error;
      } finally {
        client.close();
      }
    }
    throw last;
  }
}

function credentialsOf({ ca, cert, key }: TlsFiles): NonNullable<IOptions['credentials']> {
  return {
    // Once for a client, and before it does anything.
    rootCertificate: (ca === undefined ? null : readFileSync(ca)) as Buffer,
    ...(cert !== undefined && { certChain: readFileSync(cert) }),
    ...(key !== undefined && { privateKey: readFileSync(key) }),
  };
}

function serverNameOf({ serverNames }: TlsFiles, etcd: readonly EtcdEndpoint[]): string {
  const names = [...new Set(etcd.map(({ member }) => serverNames[member] ?? member))];
  if (names.length === 1) return names[0]!;
  throw new Error(
    `a client of all members should find one name in their certificates, got ${names.join(', ')}: tell it with --server-name`,
  );
}
