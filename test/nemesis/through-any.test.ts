import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Member } from '../../harness/cluster/cluster.ts';
import { leaseStorm } from '../../harness/nemesis/lease-storm.ts';
import type { World } from '../../harness/nemesis/nemesis.ts';
import { throughAny } from '../../harness/nemesis/through-any.ts';
import { seeded } from '../../harness/random.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.closeAllConnections();
});

/** A member that answers its gateway so; 'never' is one that is cut off. */
async function member(
  name: string,
  answer: (path: string) => [status: number, body: object] | 'never',
): Promise<Member> {
  const server = createServer((request, response) => {
    const answered = answer(request.url!);
    request.resume();
    if (answered === 'never') return;
    response.writeHead(answered[0], { 'content-type': 'application/json' }).end(JSON.stringify(answered[1]));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { name, clientAddress: `127.0.0.1:${port}`, state: { state: 'up', pid: 1 } } as unknown as Member;
}

const world = (members: readonly Member[], seed = 1) =>
  ({ cluster: { members }, random: seeded(seed), signal: new AbortController().signal }) as unknown as World;
const healthy = (name: string) => member(name, () => [200, {}]);
const cutOff = (name: string) => member(name, () => 'never');

describe('throughAny', () => {
  test('goes through a member that answers reads, whichever the seed would say', async () => {
    const members = await Promise.all([cutOff('m1'), healthy('m2'), cutOff('m3')]);
    expect(await throughAny(world(members), async ({ name }) => name)).toBe('m2');
  });

  test('where it cannot be done goes on to the next, and throws what the last one threw', async () => {
    const members = await Promise.all([healthy('m1'), healthy('m2'), healthy('m3')]);
    const tried: string[] = [];
    const done = await throughAny(world(members), async ({ name }) => {
      tried.push(name);
      if (tried.length < 3) throw new Error(`${name} was killed`);
      return name;
    });
    expect([done, [...tried].sort()]).toEqual([tried[2], ['m1', 'm2', 'm3']]);
    const never = throughAny(world(members.slice(0, 1)), () => Promise.reject(new Error('m1 was killed')));
    await expect(never).rejects.toThrow('m1 was killed');
  });

  test('one that is down is not asked, and none at all is told', async () => {
    const up = await healthy('m1');
    const down = { ...up, name: 'm2', state: { state: 'down' } } as Member;
    expect(await throughAny(world([down, up]), async ({ name }) => name)).toBe('m1');
    await expect(throughAny(world([down]), async () => {})).rejects.toThrow(
      'expected a member that is up, got none',
    );
  });
});

test('a lease of a storm that is over before its key comes is no failure; any other refusal is', async () => {
  const refusing = (error: string) =>
    member('m1', (path) => {
      if (path === '/v3/lease/grant') return [200, { ID: '7587' }];
      return path === '/v3/kv/put' ? [404, { error }] : [200, {}];
    });
  const storm = async (error: string) => leaseStorm({ leases: 3 }).inject(world([await refusing(error)]));
  const { sentence, heal } = await storm('etcdserver: requested lease not found');
  expect(sentence).toContain('3 leases of 1 s were granted through m1');
  await heal();
  await expect(storm('etcdserver: no leader')).rejects.toThrow('/v3/kv/put answered 404');
});
