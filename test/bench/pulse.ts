import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/**
 * A Pulse is a byte each millisecond in both directions of a link, which is dialled again whenever its connection dies,
 * with the moment at which each end heard of the other. It has a thread of its own: who commands cuts must not delay it.
 */
export interface Pulse extends AsyncDisposable {
  /** The clock of all its moments, in milliseconds. */
  nowMs(): number;
  /** When either end heard the other last. */
  lastHeardMs(): Promise<number>;
  /** Resolves with when both ends had heard the other since then. Rejects after 10 s. */
  heardSince(fromMs: number): Promise<number>;
}

type Request = { readonly number: number; readonly fromMs: number };
type Answer = { readonly number: number; readonly lastMs: number; readonly firstMs: number | null };

/** `link` is told where the far end listens and tells where the near end is to dial. */
export async function startPulse(link: (upstream: string) => Promise<string>): Promise<Pulse> {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: 'pulse' });
  const [{ port }] = (await once(worker, 'message')) as [{ port: number }];
  worker.postMessage({ dial: await link(`127.0.0.1:${port}`) });
  const waiting = new Map<number, (answer: Answer) => void>();
  worker.on('message', (answer: Answer) => {
    waiting.get(answer.number)?.(answer);
    waiting.delete(answer.number);
  });
  let number = 0;
  const ask = (fromMs: number) =>
    new Promise<Answer>((resolve) => {
      waiting.set(++number, resolve);
      worker.postMessage({ number, fromMs } satisfies Request);
    });
  return {
    nowMs,
    async lastHeardMs() {
      return (await ask(nowMs())).lastMs;
    },
    async heardSince(fromMs) {
      for (;;) {
        const { firstMs } = await ask(fromMs);
        if (firstMs !== null) return firstMs;
        if (nowMs() > fromMs + 10_000) throw new Error('no byte passed the link in 10 s');
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}

/** CLOCK_MONOTONIC, which all threads share. */
function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The thread's part. */
async function beat(): Promise<void> {
  const heard: Record<'near' | 'far', number[]> = { near: [], far: [] };
  const open = new Set<Socket>();
  const hears = (socket: Socket, end: 'near' | 'far') => {
    open.add(socket);
    socket.setNoDelay(true);
    socket.on('data', () => heard[end].push(nowMs()));
    socket.on('error', () => {});
    socket.on('end', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
  };
  const server = createServer((socket) => hears(socket, 'far')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  parentPort!.postMessage({ port: (server.address() as { port: number }).port });
  const dial = (address: string) => {
    const [host, port] = address.split(':') as [string, string];
    const socket = connect({ host, port: Number(port) });
    socket.on('connect', () => hears(socket, 'near'));
    socket.on('error', () => {});
    socket.on('close', () => setTimeout(dial, 1, address));
  };
  setInterval(() => {
    for (const socket of open) if (socket.writable) socket.write('.');
  }, 1);
  parentPort!.on('message', (message: { dial: string } | Request) => {
    if ('dial' in message) return dial(message.dial);
    const { number, fromMs } = message;
    const lastMs = Math.max(heard.near.at(-1) ?? 0, heard.far.at(-1) ?? 0);
    const firsts = [heard.near, heard.far].map((moments) => moments.find((atMs) => atMs >= fromMs));
    const firstMs = firsts.includes(undefined) ? null : Math.max(...(firsts as number[]));
    // What was heard before is asked for no more; a round hears some hundreds.
    for (const moments of [heard.near, heard.far]) moments.splice(0, Math.max(0, moments.length - 5_000));
    parentPort!.postMessage({ number, lastMs, firstMs } satisfies Answer);
  });
}

if (!isMainThread && workerData === 'pulse') await beat();
