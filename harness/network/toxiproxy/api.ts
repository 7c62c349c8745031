import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type HTTPMethods,
} from 'fastify';
import { ApiError } from './api-error.ts';
import { changesInput, newProxy, populateInput, proxyInput, toxicInput } from './input.ts';
import { createMetrics, describeTraffic } from './metrics.ts';
import type { Proxies } from './proxies.ts';
import { describeToxic } from './toxic.ts';

/** The version of the original whose API this is; what follows the plus says that this is not it. */
export const version = '2.12.0+faultline';

interface Request {
  /** As it came: '' when there was none. */
  readonly body: string;
  readonly proxy: string;
  readonly toxic: string;
}

interface Answer {
  readonly status?: number;
  readonly type?: string;
  /** Sent as JSON when it is no string; nothing is sent when it is undefined. */
  readonly body?: unknown;
}

interface Route {
  readonly methods: readonly HTTPMethods[];
  readonly path: string;
  answer(request: Request): Answer | Promise<Answer>;
}

const json = 'application/json';
const text = 'text/plain; charset=utf-8';

/** Toxiproxy's HTTP API: its paths, statuses and bodies. */
function routes(proxies: Proxies): readonly Route[] {
  const metrics = createMetrics(proxies);
  return [
    {
      methods: ['GET'],
      path: '/version',
      answer: () => ({ type: `${json};charset=utf-8`, body: `{"version": "${version}"}\n` }),
    },
    {
      methods: ['GET'],
      path: '/metrics',
      answer: async () => ({ type: metrics.contentType, body: await metrics.metrics() }),
    },
    { methods: ['GET'], path: '/traffic', answer: () => ({ body: describeTraffic(proxies) }) },
    {
      // Not in the original. All links of a partition are cut in one turn of the loop: no byte passes one of them
      // once another is cut. Each is tried, whatever becomes of the others, and the answer tells of each in order.
      methods: ['POST'],
      path: '/changes',
      answer: async ({ body }) => ({ body: await proxies.change(changesInput(body)) }),
    },
    {
      methods: ['POST'],
      path: '/reset',
      async answer() {
        await proxies.reset();
        return { status: 204 };
      },
    },
    {
      methods: ['POST'],
      path: '/populate',
      async answer({ body }) {
        try {
          const { made, failure } = await proxies.populate(populateInput(body));
          const told = made.map((proxy) => proxy.describe());
          if (!failure) return { status: 201, body: { proxies: told } };
          return { status: failure.status, body: { ...describeError(failure), proxies: told } };
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          return { status: error.status, body: { ...describeError(error), proxies: null } };
        }
      },
    },
    {
      methods: ['GET'],
      path: '/proxies',
      answer: () => ({
        body: Object.fromEntries(proxies.all.map((proxy) => [proxy.name, proxy.describe()])),
      }),
    },
    {
      methods: ['POST'],
      path: '/proxies',
      async answer({ body }) {
        const proxy = await proxies.create(newProxy(proxyInput(body)));
        return { status: 201, body: proxy.describe() };
      },
    },
    {
      methods: ['GET'],
      path: '/proxies/:proxy',
      answer: ({ proxy }) => ({ body: proxies.get(proxy).describe() }),
    },
    {
      methods: ['POST', 'PATCH'],
      path: '/proxies/:proxy',
      async answer(request) {
        const proxy = proxies.get(request.proxy);
        await proxy.update(proxyInput(request.body));
        return { body: proxy.describe() };
      },
    },
    {
      methods: ['DELETE'],
      path: '/proxies/:proxy',
      async answer({ proxy }) {
        await proxies.remove(proxy);
        return { status: 204 };
      },
    },
    {
      methods: ['GET'],
      path: '/proxies/:proxy/toxics',
      answer: ({ proxy }) => ({ body: proxies.get(proxy).describeToxics() }),
    },
    {
      methods: ['POST'],
      path: '/proxies/:proxy/toxics',
      answer: ({ proxy, body }) => ({ body: describeToxic(proxies.get(proxy).addToxic(toxicInput(body))) }),
    },
    {
      methods: ['GET'],
      path: '/proxies/:proxy/toxics/:toxic',
      answer: ({ proxy, toxic }) => ({ body: describeToxic(proxies.get(proxy).toxic(toxic)) }),
    },
    {
      methods: ['POST', 'PATCH'],
      path: '/proxies/:proxy/toxics/:toxic',
      answer(request) {
        const proxy = proxies.get(request.proxy);
        const toxic = proxy.toxic(request.toxic);
        proxy.updateToxic(toxic, toxicInput(request.body));
        return { body: describeToxic(toxic) };
      },
    },
    {
      methods: ['DELETE'],
      path: '/proxies/:proxy/toxics/:toxic',
      answer(request) {
        const proxy = proxies.get(request.proxy);
        proxy.removeToxic(proxy.toxic(request.toxic));
        return { status: 204 };
      },
    },
  ];
}

export function createApi(proxies: Proxies): FastifyInstance {
  const app = fastify({
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 1_000 },
  });
  // Bodies are read whatever they are said to be: curl sends JSON as a form, and so do people.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  // A page in a browser must not be able to change faults.
  app.addHook('onRequest', async (request, reply) => {
    if (request.headers['user-agent']?.startsWith('Mozilla/')) {
      return reply.code(403).type(text).send('User agent not allowed\n');
    }
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).type(text).send('404 page not found\n'));
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const failure =
      error instanceof ApiError ? error : { status: error.statusCode ?? 500, message: error.message };
    // text/plain, as the original does; clients that read the body parse it all the same.
    return reply
      .code(failure.status)
      .type(text)
      .send(`${JSON.stringify(describeError(failure))}\n`);
  });

  const known = routes(proxies);
  for (const route of known) {
    app.route({
      method: [...route.methods],
      url: route.path,
      handler(request, reply) {
        // '/proxies/' is no proxy with an empty name.
        if (Object.values(request.params as object).includes('')) return reply.callNotFound();
        return send(reply, route.answer(read(request)));
      },
    });
  }
  for (const path of new Set(known.map((route) => route.path))) {
    const taken = known.filter((route) => route.path === path).flatMap((route) => route.methods);
    app.route({
      method: app.supportedMethods.filter((method) => !taken.includes(method)) as HTTPMethods[],
      url: path,
      handler: (_request, reply) => reply.code(405).send(),
    });
  }
  return app;
}

function read(request: FastifyRequest): Request {
  const { proxy = '', toxic = '' } = request.params as { proxy?: string; toxic?: string };
  return { body: typeof request.body === 'string' ? request.body : '', proxy, toxic };
}

async function send(reply: FastifyReply, pending: Answer | Promise<Answer>): Promise<FastifyReply> {
  const { status = 200, type = json, body } = await pending;
  if (body === undefined) return reply.code(status).send();
  // As bytes: fastify would add a charset to the type, which the original does not tell.
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return reply.code(status).header('content-type', type).send(bytes);
}

const describeError = ({ message, status }: { message: string; status: number }) => ({
  error: message,
  status,
});
