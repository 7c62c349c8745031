import { join } from 'node:path';
import type { Supervisor } from '../process/supervisor.ts';
import { builtProgram } from '../project.ts';

/**
 * A Router joins what members dial to links. It is a process of its own, because a proxy that shares a loop with
 * anything that blocks stops the cluster.
 *
 *     m1 --CONNECT 192.0.2.2:2380--> router (m1's port) --> link m1->m2 --> m2
 */
export interface Router extends AsyncDisposable {
  /** What the member is told as HTTPS_PROXY. */
  proxyUrl(member: string): string;
  /** Resolves once the routes are in force; they replace all earlier ones. */
  route(routes: readonly Route[]): Promise<void>;
}

export interface Route {
  readonly from: string;
  /** '192.0.2.2:2380' */
  readonly authority: string;
  /** '127.0.0.1:port', where the link listens. */
  readonly address: string;
  /** So many dials are refused first, as if nothing listened there yet. */
  readonly refusals?: number;
}

/** What the router's process is told. */
export interface RouterRequest {
  readonly type: 'route';
  readonly number: number;
  readonly routes: readonly Route[];
}

/** What it answers. */
export type RouterAnswer =
  | { readonly type: 'listening'; readonly ports: Readonly<Record<string, number>> }
  | { readonly type: 'routed'; readonly number: number };

export interface RouterOptions {
  readonly supervisor: Supervisor;
  readonly members: readonly string[];
  readonly folder: string;
  readonly timeoutMs?: number;
}

export async function startRouter(options: RouterOptions): Promise<Router> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const child = await options.supervisor.spawn({
    name: 'router',
    command: process.execPath,
    args: [builtProgram('harness/cluster/router-main.ts'), ...options.members],
    logPath: join(options.folder, 'router.log'),
    ipc: true,
    // It holds nothing worth saying goodbye for.
    stopSignal: 'SIGKILL',
  });
  const listeners = new Set<(answer: RouterAnswer) => void>();
  child.onMessage((message) => {
    for (const listener of listeners) listener(message as RouterAnswer);
  });

  /** The first answer that `pick` takes, or an error with the router's last words. */
  async function answer<T>(what: string, pick: (answer: RouterAnswer) => T | undefined): Promise<T> {
    let listener: (answer: RouterAnswer) => void = () => {};
    let timer: NodeJS.Timeout | undefined;
    try {
      const picked = new Promise<T>((resolve) => {
        listener = (received) => {
          const value = pick(received);
          if (value !== undefined) resolve(value);
        };
        listeners.add(listener);
      });
      const late = new Promise<string>((resolve) => {
        timer = setTimeout(() => resolve(`did not ${what} in ${timeoutMs} ms`), timeoutMs);
      });
      const ended = child.exited.then(
        (exit) => `ended with ${exit.signal ?? exit.code} before it could ${what}`,
      );
      const first = await Promise.race([picked.then((value) => ({ value })), late, ended]);
      if (typeof first === 'string') {
        throw new Error(`the router ${first}; its last output was:\n${await child.lastOutput()}`);
      }
      return first.value;
    } finally {
      clearTimeout(timer);
      listeners.delete(listener);
    }
  }

  let number = 0;
  try {
    const ports = await answer('listen', (received) =>
      received.type === 'listening' ? received.ports : undefined,
    );
    return {
      proxyUrl(member) {
        const port = ports[member];
        if (port === undefined) throw new RangeError(`the router has no port for ${member}`);
        return `http://127.0.0.1:${port}`;
      },
      async route(routes) {
        number += 1;
        const sent = number;
        const routed = answer('take its routes', (received) =>
          received.type === 'routed' && received.number === sent ? true : undefined,
        );
        child.send({ type: 'route', number: sent, routes } satisfies RouterRequest);
        await routed;
      },
      async [Symbol.asyncDispose]() {
        await child.stop();
      },
    };
  } catch (error) {
    await child.stop();
    throw error;
  }
}
