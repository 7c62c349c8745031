import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { type Destination, tunnelServer } from '../../harness/cluster/tunnel.ts';
import { createSupervisor } from '../../harness/process/supervisor.ts';

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const open of opened.splice(0).reverse()) open.close();
});

/** A peer that hands over each connection that it gets. */
async function peer(): Promise<{ address: string; next(): Promise<Socket>; count(): number }> {
  const sockets: Socket[] = [];
  const waiting: ((socket: Socket) => void)[] = [];
  let count = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    count += 1;
    socket.on('error', () => {});
    opened.push({ close: () => socket.destroy() });
    const first = waiting.shift();
    if (first) first(socket);
    else sockets.push(socket);
  });
  return {
    address: `127.0.0.1:${await listen(server)}`,
    next: () => {
      const socket = sockets.shift();
      return socket ? Promise.resolve(socket) : new Promise((resolve) => waiting.push(resolve));
    },
    count: () => count,
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push({ close: () => server.close() });
  return (server.address() as AddressInfo).port;
}

async function router(routes: Record<string, Destination>, dialTimeoutMs = 1_000): Promise<number> {
  return listen(tunnelServer({ from: 'm1', routes: new Map(Object.entries(routes)), dialTimeoutMs }));
}

/** Asks for the authority; the answer's head and the socket behind it. */
async function dial(port: number, authority: string, early = ''): Promise<{ head: string; socket: Socket }> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  socket.on('error', () => {});
  opened.push({ close: () => socket.destroy() });
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n${early}`);
  let head = '';
  while (!head.includes('\r\n\r\n')) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    head += chunk.toString('latin1');
  }
  return { head, socket };
}

/** All that comes until the other side has ended. The socket stays open for what is to be said to it. */
function text(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let all = '';
    socket.on('data', (chunk) => {
      all += chunk;
    });
    socket.once('end', () => resolve(all));
  });
}

test('bytes pass in both directions, those sent with the request among them', async () => {
  const m2 = await peer();
  const port = await router({ 'm2.peer:2380': { address: m2.address, refusals: 0 } });
  const { head, socket } = await dial(port, 'm2.peer:2380', 'early ');
  expect(head).toMatch(/^HTTP\/1\.1 200 /);
  const far = await m2.next();
  socket.end('late');
  expect(await text(far)).toBe('early late');
});

test('a side that has ended may still listen', async () => {
  const m2 = await peer();
  const port = await router({ 'm2.peer:2380': { address: m2.address, refusals: 0 } });
  const { socket } = await dial(port, 'm2.peer:2380');
  const far = await m2.next();
  socket.end('question');
  expect(await text(far)).toBe('question');
  far.end('answer');
  expect(await text(socket)).toBe('answer');
});

test.each(['client', 'upstream'] as const)('a reset by the %s reaches the other side', async (who) => {
  const m2 = await peer();
  const port = await router({ 'm2.peer:2380': { address: m2.address, refusals: 0 } });
  const { socket } = await dial(port, 'm2.peer:2380');
  const far = await m2.next();
  const [resets, notices] = who === 'client' ? [socket, far] : [far, socket];
  const error = new Promise<NodeJS.ErrnoException>((resolve) => notices.once('error', resolve));
  notices.resume();
  resets.resetAndDestroy();
  expect((await error).code).toBe('ECONNRESET');
});

test('a writer is held back while the other side does not read', async () => {
  const m2 = await peer();
  const port = await router({ 'm2.peer:2380': { address: m2.address, refusals: 0 } });
  const { socket } = await dial(port, 'm2.peer:2380');
  const far = await m2.next();
  far.pause();
  const total = 64 * 1024 * 1024;
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  for (let sent = 0; sent < total; sent += chunk.length) socket.write(chunk);
  socket.end();
  await sleep(300);
  // Kernel buffers on three sockets take a few megabytes; a router that read on would have taken all.
  expect(socket.writableLength).toBeGreaterThan(total / 2);
  let received = 0;
  for await (const part of far) received += (part as Buffer).length;
  expect(received).toBe(total);
});

test('an authority without a route is refused', async () => {
  const { head } = await dial(await router({}), 'm9.peer:2380');
  expect(head).toMatch(/^HTTP\/1\.1 502 [\s\S]*X-Reason: m1 has no link to that authority/);
});

test('a link that refuses is a refusal at once', async () => {
  const m2 = await peer();
  const closed = createServer();
  const port = await listen(closed);
  await new Promise((resolve) => closed.close(resolve));
  const { head } = await dial(
    await router({ 'm2.peer:2380': { address: `127.0.0.1:${port}`, refusals: 0 } }),
    'm2.peer:2380',
  );
  expect(head).toMatch(/^HTTP\/1\.1 502 [\s\S]*ECONNREFUSED/);
  expect(m2.count()).toBe(0);
});

test('a dial that nobody answers ends in time', async () => {
  await using supervisor = await createSupervisor();
  const folder = await supervisor.temporaryFolder('silent');
  // A listener that never accepts: once its backlog is full, dials stay unanswered.
  const silent = await supervisor.spawn({
    name: 'silent',
    command: process.execPath,
    args: [
      '-e',
      "const s = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => process.send(s.address().port))",
    ],
    logPath: join(folder, 'silent.log'),
    ipc: true,
  });
  const silentPort = await new Promise<number>((resolve) =>
    silent.onMessage((port) => resolve(port as number)),
  );
  silent.signal('SIGSTOP');
  for (let i = 0; i < 8; i++) {
    const filler = connect(silentPort, '127.0.0.1');
    filler.on('error', () => {});
    opened.push({ close: () => filler.destroy() });
  }
  await sleep(100);
  const route = { address: `127.0.0.1:${silentPort}`, refusals: 0 };
  const { head } = await dial(await router({ 'm2.peer:2380': route }, 150), 'm2.peer:2380');
  expect(head).toMatch(/^HTTP\/1\.1 502 [\s\S]*no answer within 150 ms/);
});

test('the first dials of a route are refused while it has refusals left', async () => {
  const m2 = await peer();
  const port = await router({ 'm2.peer:2380': { address: m2.address, refusals: 2 } });
  const heads = [];
  for (let i = 0; i < 3; i++) heads.push((await dial(port, 'm2.peer:2380')).head.slice(9, 12));
  expect(heads).toEqual(['502', '502', '200']);
  expect(m2.count()).toBe(1);
});

test('what is no CONNECT is told so, and garbage ends only its own connection', async () => {
  const m2 = await peer();
  const port = await router({ 'm2.peer:2380': { address: m2.address, refusals: 0 } });
  const garbage = connect(port, '127.0.0.1');
  garbage.on('error', () => {});
  garbage.end('\u0000\u0001 nonsense\r\n\r\n');
  await once(garbage, 'close');
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(405);
  expect((await dial(port, 'm2.peer:2380')).head).toMatch(/^HTTP\/1\.1 200 /);
});
