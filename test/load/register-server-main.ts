import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { takePrecedence } from '../../harness/load/precedence.ts';

/**
 * A linearizable register in memory behind the HTTP contract, in its own process: what the driver is tested and
 * measured against. Told over ipc how to misbehave. It answers in the tick in which a request is complete, so each
 * operation takes effect between its sending and its answer.
 */
export type ToRegisterServer =
  /** Blocks the whole process. */
  | { readonly type: 'stall'; readonly ms: number }
  /** For benchmarks of what asks it. */
  | { readonly type: 'takePrecedence' }
  /** From now on; merged with what was set before. */
  | { readonly type: 'behave'; readonly behave: Partial<Misbehaviour> };

export interface Misbehaviour {
  /** Takes effect, but the answer never comes. */
  readonly silent: boolean;
  /** Of every n requests one takes effect and has its socket destroyed instead of an answer; 0: none. */
  readonly killEvery: number;
  /** Writes are answered so, without effect. */
  readonly refuseWrites: { readonly status: number; readonly outcome?: 'fail' | 'info' } | null;
  /** Every n-th read of the key shows the value before the present one; 0: none. */
  readonly staleEvery: number;
}

export type FromRegisterServer = { readonly type: 'listening'; readonly port: number };

interface Cell {
  readonly value: unknown;
  readonly revision: number;
}

const cells = new Map<string, Cell>();
const before = new Map<string, Cell | undefined>();
let revision = 0;
let requests = 0;
let behave: Misbehaviour = { silent: false, killEvery: 0, refuseWrites: null, staleEvery: 0 };

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    answer(request, response, '');
    return;
  }
  let text = '';
  request.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  request.on('end', () => answer(request, response, text));
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  process.send!({ type: 'listening', port } satisfies FromRegisterServer);
});
process.on('disconnect', () => process.exit());
process.on('message', (message: ToRegisterServer) => {
  if (message.type === 'stall') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, message.ms);
  else if (message.type === 'takePrecedence') takePrecedence();
  else behave = { ...behave, ...message.behave };
});

function answer(request: IncomingMessage, response: ServerResponse, text: string): void {
  requests += 1;
  const key = decodeURIComponent(request.url!.slice('/kv/'.length).split('?')[0]!);
  const { status, body, outcome } = apply(request.method!, key, text);
  if (behave.silent) return;
  if (behave.killEvery > 0 && requests % behave.killEvery === 0) {
    (request.socket as Socket).resetAndDestroy();
    return;
  }
  const payload = JSON.stringify(body);
  const headers: Record<string, string | number> = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(payload),
    'x-source': 'primary',
    'session-token': String(revision),
  };
  if (outcome) headers['x-outcome'] = outcome;
  response.writeHead(status, headers).end(payload);
}

function apply(
  method: string,
  key: string,
  text: string,
): { status: number; body: object; outcome?: string } {
  if (method === 'GET') {
    const isStale = behave.staleEvery > 0 && requests % behave.staleEvery === 0;
    const cell = isStale ? before.get(key) : cells.get(key);
    if (!cell) return { status: 404, body: { error: `there is no key ${key}` } };
    return { status: 200, body: { key, ...cell } };
  }
  if (behave.refuseWrites) return { ...behave.refuseWrites, body: { error: 'refused' } };
  const now = cells.get(key);
  if (method === 'DELETE') {
    revision += 1;
    before.set(key, now);
    cells.delete(key);
    return { status: 200, body: { revision } };
  }
  const { value, expectedRevision } = JSON.parse(text) as { value: unknown; expectedRevision?: number };
  if (expectedRevision !== undefined && expectedRevision !== (now?.revision ?? 0)) {
    return { status: 409, body: { revision: now?.revision ?? 0 } };
  }
  revision += 1;
  before.set(key, now);
  cells.set(key, { value, revision });
  return { status: 200, body: { revision } };
}
