import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Grade } from '../../harness/history/operation.ts';
import {
  type OpenStrategy,
  type ReadRequest,
  Refused,
  type TransactionRequest,
  type WriteAnswer,
  type WriteRequest,
} from '../strategy.ts';
import { ServiceMetrics } from './metrics.ts';
import { deleteSchema, getSchema, putSchema, transactionSchema } from './schemas.ts';

/** Readiness is whether the strategy can be asked: it is served from the start, so that /healthz can say why not. */
export class Readiness {
  #strategy: OpenStrategy | undefined;

  opened(strategy: OpenStrategy): void {
    this.#strategy = strategy;
  }

  get state(): 'opening' | 'open' {
    return this.#strategy ? 'open' : 'opening';
  }

  /** Throws Refused while it opens. */
  get strategy(): OpenStrategy {
    if (this.#strategy) return this.#strategy;
    throw new Refused(503, 'fail', 'the instance is starting: it has not reached etcd and its database yet');
  }
}

type KeyParams = { readonly key: string };
type ReadOf = { readonly Params: KeyParams; readonly Querystring: { readonly consistency?: Grade } };
type PutBody = { readonly value: unknown; readonly expectedRevision?: number };

const readRoute = '/kv/:key';

/** Serves the HTTP contract on 127.0.0.1. */
export async function serve(options: {
  readonly port: number;
  readonly strategy: string;
  readonly readiness: Readiness;
}): Promise<FastifyInstance> {
  const { readiness } = options;
  const metrics = new ServiceMetrics(options.strategy, readiness);
  const server = Fastify({
    // Longer than any client keeps an idle socket, so that none is closed under a request.
    keepAliveTimeout: 120_000,
    forceCloseConnections: true,
    bodyLimit: 1_048_576,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: true } },
  });

  // Reads count themselves: a hook after the response sets two listeners on every one, which shows in a cached read.
  const counted = {
    onResponse(request: FastifyRequest, reply: FastifyReply, done: () => void) {
      metrics.answered(request.method, reply.statusCode);
      done();
    },
  };

  server.get<ReadOf>(readRoute, { schema: getSchema }, async (request, reply) => {
    const answer = await readiness.strategy.read(new Read(request, reply));
    if (answer.cache) {
      reply.header('X-Cache', answer.cache);
      metrics.cacheRead(answer.cache);
    }
    if (answer.staleMs !== undefined) reply.header('X-Stale-Ms', String(answer.staleMs));
    tell(reply, answer);
    const { key } = request.params;
    const found = answer.value !== null && answer.value !== undefined;
    metrics.answered(request.method, found ? 200 : 404);
    if (!found) {
      return reply.code(404).send({ key, error: 'there is no such key' });
    }
    return { key, value: answer.value, revision: answer.revision };
  });

  server.put<{ Params: KeyParams; Body: PutBody }>(
    '/kv/:key',
    { schema: putSchema, ...counted },
    (request, reply) => write(request, reply, request.body.value, request.body.expectedRevision),
  );
  server.delete<{ Params: KeyParams; Querystring: { expectedRevision?: string } }>(
    '/kv/:key',
    { schema: deleteSchema, ...counted },
    (request, reply) => {
      const { expectedRevision } = request.query;
      return write(
        request,
        reply,
        undefined,
        expectedRevision === undefined ? undefined : Number(expectedRevision),
      );
    },
  );

  /** What is asked in a header is done or refused, and never passed over. */
  function fencingToken(request: FastifyRequest): string | undefined {
    if (request.headers['idempotency-key'] !== undefined) {
      throw new Refused(
        501,
        'fail',
        `${options.strategy} remembers no Idempotency-Key: write with an expectedRevision, which holds once`,
      );
    }
    const token = header(request, 'fencing-token');
    if (token === undefined || readiness.strategy.fences) return token;
    throw new Refused(501, 'fail', `${options.strategy} has no leases that a Fencing-Token could name`);
  }

  async function write(
    request: FastifyRequest,
    reply: FastifyReply,
    value: unknown,
    expectedRevision: number | undefined,
  ) {
    const { key } = request.params as KeyParams;
    const written: WriteRequest = {
      key,
      value,
      expectedRevision,
      sessionToken: sessionToken(request),
      fencingToken: fencingToken(request),
      signal: abandoned(reply),
    };
    const answer: WriteAnswer = await readiness.strategy.write(written);
    tell(reply, answer);
    if (answer.written) return { key, revision: answer.revision };
    return reply
      .code(409)
      .header('X-Outcome', 'fail')
      .send({
        key,
        revision: answer.revision,
        error: `expected revision ${expectedRevision}, found ${answer.revision}`,
      });
  }

  server.put<{ Body: Omit<TransactionRequest, 'signal'> }>(
    '/tx',
    { schema: transactionSchema, ...counted },
    async (request, reply) => {
      const { strategy } = readiness;
      if (!strategy.transact) {
        throw new Refused(501, 'fail', `${options.strategy} cannot write several keys at once`);
      }
      const twice = writtenTwice(request.body);
      if (twice !== undefined) {
        return reply
          .code(400)
          .header('X-Outcome', 'fail')
          .send({ error: `each branch should write a key once at the most, got ${twice} twice` });
      }
      const answer = await strategy.transact({
        ...request.body,
        fencingToken: fencingToken(request),
        signal: abandoned(reply),
      });
      tell(reply, answer);
      const { succeeded, results, revision } = answer;
      const branch = succeeded ? 'success' : 'failure';
      const told = { succeeded, branch, results, ...(revision !== undefined && { revision }) };
      // Whoever says what to do otherwise gets it done; to all others a lost comparison is a conflict.
      if (succeeded || request.body.failure.length > 0) return told;
      const error = 'a comparison did not hold, and there is no failure branch: nothing was done';
      return reply
        .code(409)
        .header('X-Outcome', 'fail')
        .send({ ...told, error });
    },
  );

  server.get('/healthz', counted, async (_request, reply) => {
    if (readiness.state === 'opening') {
      return reply.code(503).send({ ok: false, reason: 'the instance is starting' });
    }
    const health = readiness.strategy.health();
    return reply.code(health.ok ? 200 : 503).send(health);
  });

  server.get('/metrics', counted, async (_request, reply) => {
    return reply.type(metrics.contentType).send(await metrics.text());
  });

  server.setNotFoundHandler((request, reply) => {
    metrics.answered(request.method, 404);
    return reply
      .code(404)
      .header('X-Outcome', 'fail')
      .send({
        error: `expected /kv/:key, /tx, /healthz or /metrics, got ${request.method} ${request.url}`,
      });
  });

  server.setErrorHandler((error: Error & { statusCode?: number; validation?: unknown }, request, reply) => {
    const status = error instanceof Refused ? error.status : (error.statusCode ?? 500);
    if (request.routeOptions.url === readRoute && ['GET', 'HEAD'].includes(request.method)) {
      metrics.answered(request.method, status);
    }
    if (error instanceof Refused) {
      return reply
        .code(error.status)
        .header('X-Outcome', error.outcome)
        .headers(error.status === 429 ? { 'Retry-After': '1' } : {})
        .send({ ...error.details, error: error.message });
    }
    if (status < 500) return reply.code(status).header('X-Outcome', 'fail').send({ error: error.message });
    // A mistake of ours: whatever it cut short may have happened.
    console.error(`${request.method} ${request.url}:`, error);
    const outcome = request.method === 'GET' ? 'fail' : 'info';
    return reply.code(500).header('X-Outcome', outcome).send({ error: error.message });
  });

  await server.listen({ host: '127.0.0.1', port: options.port });
  return server;
}

/**
 * What a strategy is asked. Its signal is made when it is asked for, since most reads never do; by a class, because a getter
 * in an object literal gives every object a shape of its own, which keeps the whole request alive past young collections.
 */
class Read implements ReadRequest {
  readonly key: string;
  readonly grade: Grade;
  readonly sessionToken: string | undefined;
  readonly #reply: FastifyReply;

  constructor(request: FastifyRequest<ReadOf>, reply: FastifyReply) {
    this.key = request.params.key;
    this.grade = request.query.consistency ?? 'linearizable';
    this.sessionToken = sessionToken(request);
    this.#reply = reply;
  }

  get signal(): AbortSignal {
    return abandoned(this.#reply);
  }
}

function sessionToken(request: Pick<FastifyRequest, 'headers'>): string | undefined {
  return header(request, 'session-token');
}

function header(request: Pick<FastifyRequest, 'headers'>, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

interface Told {
  readonly source: string;
  readonly sessionToken?: string;
  readonly fencingToken?: string;
}

function tell(reply: FastifyReply, answer: Told): void {
  reply.header('X-Source', answer.source);
  if (answer.sessionToken !== undefined) reply.header('Session-Token', answer.sessionToken);
  if (answer.fencingToken !== undefined) reply.header('Fencing-Token', answer.fencingToken);
}

/** Aborted when the client has gone before its answer, and only then: an abort makes an error with a stack. */
function abandoned({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const closed = () => {
    if (!raw.writableFinished) controller.abort();
  };
  if (raw.closed) closed();
  else raw.once('close', closed);
  return controller.signal;
}

function writtenTwice(request: Omit<TransactionRequest, 'signal'>): string | undefined {
  for (const steps of [request.success, request.failure]) {
    const written = steps.flatMap((step) => (step.op === 'put' || step.op === 'delete' ? [step.key] : []));
    const twice = written.find((key, i) => written.indexOf(key) !== i);
    if (twice !== undefined) return twice;
  }
  return undefined;
}
