import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A server for one test, which remembers its sockets. */
export interface TestServer extends AsyncDisposable {
  readonly address: string;
  readonly sockets: readonly Socket[];
  /** The nth connection, once it is there. */
  socket(n: number): Promise<Peer>;
}

export async function listen(onSocket: (socket: Socket) => void = () => {}): Promise<TestServer> {
  const sockets: Socket[] = [];
  const peers: Peer[] = [];
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.push(socket);
    peers.push(new Peer(socket));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as { port: number }).port}`,
    sockets,
    async socket(n) {
      await until(() => peers.length > n, `connection ${n} to reach the server`);
      return peers[n]!;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

export const echoServer = () => listen((socket) => void socket.pipe(socket));

/** One end of a connection, with what it received and how it ended. */
export class Peer implements Disposable {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  length = 0;
  /** 'open', then 'ended' (the other side sent a FIN) or the error's code. */
  state = 'open';

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.chunks.push(chunk);
      this.length += chunk.length;
    });
    socket.on('end', () => {
      this.state = 'ended';
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.state = error.code ?? error.message;
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return this.bytes.toString();
  }

  write(data: string | Buffer): void {
    this.socket.write(data);
  }

  received(length: number, timeoutMs = 10_000): Promise<void> {
    return until(
      () => this.length >= length,
      () => `${length} bytes, got ${this.length} (${this.state})`,
      timeoutMs,
    );
  }

  closed(timeoutMs = 10_000): Promise<void> {
    return until(() => this.state !== 'open' || this.socket.destroyed, 'the connection to end', timeoutMs);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

export async function dial(address: string): Promise<Peer> {
  const [host, port] = address.split(/:(?=\d+$)/) as [string, string];
  const socket = connect({ host, port: Number(port), allowHalfOpen: true, noDelay: true });
  const peer = new Peer(socket);
  await once(socket, 'connect');
  return peer;
}

/** 'connected', or the error's code. */
export async function tryDial(address: string): Promise<string> {
  try {
    using _peer = await dial(address);
    return 'connected';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

export async function until(
  condition: () => boolean,
  what: string | (() => string),
  timeoutMs = 10_000,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end) {
      throw new Error(`waited ${timeoutMs} ms in vain for ${typeof what === 'string' ? what : what()}`);
    }
    await pause(2);
  }
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Bytes that show a loss, a swap or a repetition anywhere. */
export function countingBytes(length: number, from = 0): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = ((from + i) ^ ((from + i) >>> 8) ^ ((from + i) >>> 16)) & 0xff;
  return bytes;
}
