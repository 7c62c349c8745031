import { once, setMaxListeners } from 'node:events';
import { request } from 'undici';
import type { Member } from '../cluster/cluster.ts';
import { base64 } from '../cluster/gateway.ts';
import { healOnce } from './heal-once.ts';
import type { Injected, Nemesis } from './nemesis.ts';
import { throughAny } from './through-any.ts';
import { wholeNumbers } from './whole-numbers.ts';

/** Opens many watches on everything: each write of the load is sent that many times more. */
export function watcherStorm({ watchers = 100 }: { watchers?: number } = {}): Nemesis {
  wholeNumbers({ watchers }, 1, 10_000);
  return {
    name: 'watcher-storm',
    summary: 'opens many watches on every key',
    strikes: 'store',
    options: { watchers },
    inject: (world) => throughAny(world, (member) => openAt(member, watchers)),
  };
}

async function openAt(member: Member, watchers: number): Promise<Injected> {
  const over = new AbortController();
  setMaxListeners(0, over.signal);
  // From the first key there can be to the last.
  const all = { create_request: { key: base64('\0'), range_end: base64('\0') } };
  const open = async () => {
    const { body } = await request(`http://${member.clientAddress}/v3/watch`, {
      method: 'POST',
      reset: true,
      headersTimeout: 10_000,
      bodyTimeout: 0,
      body: JSON.stringify(all),
      signal: over.signal,
    });
    // Ends with the abort, or with the member.
    body.on('error', () => {});
    const created = once(body, 'data');
    body.resume();
    await created;
  };
  const heal = healOnce(async () => over.abort());
  try {
    await Promise.all(Array.from({ length: watchers }, open));
  } catch (error) {
    await heal();
    throw error;
  }
  return {
    sentence: `${watchers} watches on every key were opened at ${member.name}`,
    targets: [member.name],
    heal,
  };
}
