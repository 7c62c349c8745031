import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';
import { memberNames, spoken } from './peers.ts';

/** Keys of its own, which nobody else reads; few, so that they do not fill the store. */
const keys = 64;
/** Over all members. One that does not keep up is not asked more than its part, and leaves the others theirs. */
const maxInFlight = 48;

/**
 * Writes other keys beside the service, at the members themselves: so many a second for as long as they keep up. What
 * becomes of each write is of no interest, only that the members have it to do.
 */
export function busyMembers(options: { perSecond?: number; bytes?: number } = {}): Nemesis {
  const { perSecond = 400, bytes = 8_192 } = options;
  if (!(Number.isInteger(perSecond) && perSecond >= 1 && perSecond <= 10_000))
    throw new RangeError(`perSecond should be a whole number from 1 to 10000, got ${perSecond}`);
  if (!(Number.isInteger(bytes) && bytes >= 1 && bytes <= 1_000_000))
    throw new RangeError(`bytes should be a whole number from 1 to 1000000, got ${bytes}`);
  return {
    name: 'busy-members',
    summary: `keeps the members busy with ${perSecond} other writes of ${bytes} bytes a second`,
    breaks: 'none',
    options: { perSecond, bytes },
    async inject({ cluster }) {
      const agent = new Agent({ connections: maxInFlight, bodyTimeout: 2_000, headersTimeout: 2_000 });
      const value = Buffer.alloc(bytes, 'x').toString('base64');
      const ended = new AbortController();
      // One for each write under way, which is no leak.
      setMaxListeners(0, ended.signal);
      const lanes = cluster.members.map(({ clientAddress }) => ({
        clientAddress,
        inFlight: new Set<Promise<void>>(),
      }));
      const perLane = Math.ceil(maxInFlight / lanes.length);
      let count = 0;
      const write = async (clientAddress: string): Promise<void> => {
        const key = Buffer.from(`busy/${count++ % keys}`).toString('base64');
        const { body } = await request(`http://${clientAddress}/v3/kv/put`, {
          dispatcher: agent,
          method: 'POST',
          body: JSON.stringify({ key, value }),
          signal: ended.signal,
        });
        await body.dump();
      };
      const startMs = performance.now();
      const offering = (async () => {
        let due = 0;
        while (!ended.signal.aborted) {
          due += 1;
          const waitMs = startMs + (due * 1_000) / perSecond - performance.now();
          // Also when it is behind: everything else on this loop must have its turn.
          await sleep(Math.max(0, waitMs), undefined, { signal: ended.signal }).catch(() => {});
          const { clientAddress, inFlight } = lanes[due % lanes.length]!;
          if (inFlight.size >= perLane || ended.signal.aborted) continue;
          // A refusal or a deadline is what a busy member answers.
          const writing: Promise<void> = write(clientAddress)
            .catch(() => {})
            .finally(() => inFlight.delete(writing));
          inFlight.add(writing);
        }
      })();
      return {
        sentence: `${spoken(memberNames({ cluster }))} were kept busy with ${perSecond} other writes of ${bytes} bytes a second`,
        targets: memberNames({ cluster }),
        heal: healOnce(async () => {
          ended.abort();
          await offering;
          await Promise.all(lanes.flatMap(({ inFlight }) => [...inFlight]));
          await agent.destroy();
        }),
      };
    },
  };
}
