/**
 * The least that fastify does for an answer of the same size as a cached read's: a route with a parameter that sends the
 * same body and the two headers that every such answer has, and checks, counts and looks up nothing.
 */
import Fastify from 'fastify';

const server = Fastify({ keepAliveTimeout: 120_000, forceCloseConnections: true });
const value = 'v'.repeat(100);
server.get<{ Params: { key: string } }>('/kv/:key', async ({ params }, reply) => {
  reply.header('X-Cache', 'hit').header('X-Source', 'cache');
  return { key: params.key, value, revision: 1 };
});
server.get('/healthz', async () => ({ ok: true }));
await server.listen({ host: '127.0.0.1', port: Number(process.env.FAULTLINE_PORT) });
process.on('SIGTERM', () => void server.close().then(() => process.exit(0)));
if (process.env.FAULTLINE_SUPERVISOR !== undefined) process.stdin.on('end', () => process.exit(1)).resume();
