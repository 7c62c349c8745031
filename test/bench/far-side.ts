import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

/** A FarSide answers at the end of a link, in a thread of its own: it echoes pings and acknowledges streams. */
export interface FarSide extends AsyncDisposable {
  readonly address: string;
}

const blockBytes = 1024 * 1024;
const ping = Buffer.alloc(64, 'p');
const block = Buffer.alloc(blockBytes, 's');

/** Of a stream ('s') each block is acknowledged by one byte, so that its sender knows that it has arrived. */
export async function startFarSide(): Promise<FarSide> {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     const server = require('node:net').createServer({ noDelay: true }, (socket) => {
       let received = 0, acknowledged = 0;
       socket.on('error', () => {});
       socket.on('data', (bytes) => {
         if (bytes[0] === 0x70) return void socket.write(bytes);
         received += bytes.length;
         const due = Math.floor(received / ${blockBytes}) - acknowledged;
         if (due > 0) socket.write(Buffer.alloc(due, 'a'));
         acknowledged += due;
       });
     });
     server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`,
    { eval: true },
  );
  const [port] = await once(worker, 'message');
  return {
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}

export async function openSocket(address: string): Promise<Socket> {
  const [host, port] = address.split(':') as [string, string];
  const socket = connect({ host, port: Number(port), noDelay: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Until the far side has all of it. */
export async function megabytesPerSecond(
  address: string,
  options: { readonly streams: number; readonly blocksEach: number },
): Promise<number> {
  const { streams, blocksEach } = options;
  const sockets = await Promise.all(Array.from({ length: streams }, () => openSocket(address)));
  const startedMs = performance.now();
  await Promise.all(
    sockets.map(async (socket) => {
      let acknowledged = 0;
      const arrived = new Promise<void>((resolve, reject) => {
        socket.on('data', (bytes) => {
          acknowledged += bytes.length;
          if (acknowledged === blocksEach) resolve();
        });
        socket.once('close', () =>
          reject(new Error(`a stream ended after ${acknowledged} of ${blocksEach} MiB`)),
        );
      });
      for (let sent = 0; sent < blocksEach; sent++) {
        if (!socket.write(block)) await once(socket, 'drain');
      }
      await arrived;
    }),
  );
  const seconds = (performance.now() - startedMs) / 1_000;
  for (const socket of sockets) socket.destroy();
  return (streams * blocksEach * blockBytes) / 1e6 / seconds;
}

/** Milliseconds of each round trip of 64 bytes on one connection. */
export async function pingPong(address: string, roundTrips: number): Promise<number[]> {
  const socket = await openSocket(address);
  const times: number[] = [];
  for (let i = 0; i < roundTrips; i++) {
    const startedMs = performance.now();
    socket.write(ping);
    // 64 bytes on loopback come in one piece.
    await once(socket, 'data');
    times.push(performance.now() - startedMs);
  }
  socket.destroy();
  // The first are those of a cold path.
  return times.slice(roundTrips / 10);
}

/**
 * Milliseconds of each round trip of 64 bytes when they are offered at a rate, each connection in turn; from when each
 * was due, so that one which came late is not left out.
 */
export async function offeredPings(
  address: string,
  { connections, perSecond, seconds }: { connections: number; perSecond: number; seconds: number },
): Promise<number[]> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => openSocket(address)));
  const times: number[] = [];
  const waiting = sockets.map((socket) => {
    const dueMs: number[] = [];
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      for (; bytes >= ping.length; bytes -= ping.length) times.push(performance.now() - dueMs.shift()!);
    });
    return dueMs;
  });
  const total = perSecond * seconds;
  const startedMs = performance.now();
  for (let sent = 0; sent < total; await sleep(1)) {
    for (; sent < total; sent++) {
      const dueMs = startedMs + (sent / perSecond) * 1_000;
      if (dueMs > performance.now()) break;
      waiting[sent % connections]!.push(dueMs);
      sockets[sent % connections]!.write(ping);
    }
  }
  for (const untilMs = performance.now() + 10_000; times.length < total; await sleep(1)) {
    if (performance.now() > untilMs)
      throw new Error(`of ${total} round trips ${times.length} were answered in 10 s`);
  }
  for (const socket of sockets) socket.destroy();
  return times;
}

/** Connections that were opened, answered one ping and were reset, `concurrent` at a time. */
export async function connectionsPerSecond(
  address: string,
  { concurrent, count }: { readonly concurrent: number; readonly count: number },
): Promise<number> {
  let left = count;
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: concurrent }, async () => {
      while (left-- > 0) {
        const socket = await openSocket(address);
        socket.write(ping);
        await once(socket, 'data');
        // A reset leaves no port behind in TIME_WAIT.
        socket.resetAndDestroy();
      }
    }),
  );
  return count / ((performance.now() - startedMs) / 1_000);
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}
