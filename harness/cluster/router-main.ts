/**
 * The router's program: one listening port for each member named in its arguments. It ends when its message channel
 * does, however its parent ended.
 *
 *     node router-main.js m1 m2 m3
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { RouterAnswer, RouterRequest } from './router.ts';
import { type Destination, tunnelServer } from './tunnel.ts';

/** Longer than etcd's own dial timeout would only keep dead dials. */
const dialTimeoutMs = 5_000;

const members = process.argv.slice(2);
const routesOf = new Map<string, Map<string, Destination>>(members.map((member) => [member, new Map()]));

if (!process.send) {
  process.stderr.write('the router is started by the harness, with a message channel\n');
  process.exit(64);
}
process.on('disconnect', () => process.exit(0));
process.on('message', (request: RouterRequest) => {
  for (const routes of routesOf.values()) routes.clear();
  for (const { from, authority, address, refusals = 0 } of request.routes)
    routesOf.get(from)?.set(authority, { address, refusals });
  tell({ type: 'routed', number: request.number });
});

const ports: Record<string, number> = {};
await Promise.all(
  members.map(async (member) => {
    const server = tunnelServer({ from: member, routes: routesOf.get(member)!, dialTimeoutMs });
    server.listen({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    ports[member] = (server.address() as AddressInfo).port;
  }),
);
tell({ type: 'listening', ports });

function tell(answer: RouterAnswer): void {
  process.send?.(answer, undefined, undefined, () => {});
}
