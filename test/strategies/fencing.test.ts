import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Instance } from '../../harness/service/instance.ts';
import { CarefulClient } from '../../strategies/etcd/careful-client.ts';
import { naiveTwins, strategies } from '../../strategies/list.ts';
import { type Answer, ask, eventually, type Ground, prepareGround } from './ground.ts';

let ground: Ground;
let etcd: CarefulClient;
beforeAll(async () => {
  ground = await prepareGround({ database: false });
  etcd = new CarefulClient({ etcd: [{ member: 'm1', address: ground.etcd }], deadlineMs: 5_000 });
});
afterAll(async () => {
  etcd?.close();
  await ground?.[Symbol.asyncDispose]();
});

interface Found {
  readonly value: string;
  readonly revision: number;
}

async function inEtcd(key: string): Promise<Found | undefined> {
  const found = (await etcd.range({ key: Buffer.from(key) })).kvs[0];
  return found && { value: found.value.toString(), revision: Number(found.mod_revision) };
}

/** A Try is one write of a holder that was stopped until its lease had ended. */
interface Try {
  readonly moment: 'in flight when it was stopped' | 'sent while it was stopped';
  readonly answer: Answer;
  /** It stands over what another wrote after the lease had ended, and no new lease had begun before it. */
  readonly gotIn: boolean;
}

/** Two tries for each holder and round. */
async function tries(
  name: 'lease-session' | 'lease-session-naive',
  holders: number,
  rounds: number,
): Promise<Try[]> {
  const strategy = [...strategies, ...naiveTwins].find((one) => one.name === name)!;
  const start = (i: number | string) => ground.startInstance({ name: `${name}-${i}`, strategy });
  const [writer, ...held] = await Promise.all([
    start('writer'),
    ...Array.from({ length: holders }, (_, i) => start(i)),
  ]);
  const made = await Promise.all(
    held.map(async (holder) => {
      const made: Try[] = [];
      for (let round = 0; round < rounds; round++)
        made.push(...(await stopped(name, holder, writer!, round)));
      return made;
    }),
  );
  await Promise.all([writer, ...held].map((instance) => instance!.stop()));
  return made.flat();
}

async function stopped(name: string, holder: Instance, writer: Instance, round: number): Promise<Try[]> {
  const session = `${name}/sessions/${holder.name}`;
  const keys = { flight: `${holder.name}-${round}-flight`, queue: `${holder.name}-${round}-queue` };
  await eventually(
    () => inEtcd(session),
    (found) => found !== undefined,
    15_000,
  );
  const inFlight = ask(holder, 'PUT', `/kv/${keys.flight}`, { body: { value: 'holder' } });
  await sleep(round % 4);
  await holder.pause();
  const queued = ask(holder, 'PUT', `/kv/${keys.queue}`, { body: { value: 'holder' } });
  // The registration is bound to the lease: once it is gone, so is the lease.
  await eventually(
    () => inEtcd(session),
    (found) => found === undefined,
    15_000,
  );
  for (const key of Object.values(keys)) {
    const written = await ask(writer, 'PUT', `/kv/${key}`, { body: { value: 'another' } });
    expect(written.status).toBe(200);
  }
  await holder.resume();
  const answers = [await inFlight, await queued];
  return Promise.all(
    Object.values(keys).map(async (key, i): Promise<Try> => {
      const [found, registered] = [await inEtcd(`${name}/kv/${key}`), await inEtcd(session)];
      const isUnderNewLease = registered !== undefined && registered.revision < found!.revision;
      return {
        moment: i === 0 ? 'in flight when it was stopped' : 'sent while it was stopped',
        answer: answers[i]!,
        gotIn: found!.value === '"holder"' && !isUnderNewLease,
      };
    }),
  );
}

describe('a holder that was stopped until its lease had ended, and goes on', () => {
  test('never gets a write in, in 40 tries', { timeout: 120_000 }, async () => {
    const made = await tries('lease-session', 5, 4);
    expect(made).toHaveLength(40);
    expect(made.filter(({ gotIn }) => gotIn)).toEqual([]);
    // What was sent while it was stopped was refused, by the store or because the holder knew better by then.
    const sent = made.filter(({ moment }) => moment === 'sent while it was stopped');
    const refused = sent.filter(
      ({ answer }) => answer.status === 503 && answer.headers['x-outcome'] === 'fail',
    );
    expect(refused.length).toBeGreaterThan(0);
    expect(
      refused.some(({ answer }) => /the lease of epoch \d+ has ended/.test(String(answer.body.error))),
    ).toBe(true);
  });

  test('gets it in when it asks only itself whether its lease lives, as its naive twin does', {
    timeout: 60_000,
  }, async () => {
    const made = await tries('lease-session-naive', 5, 1);
    const gotIn = made.filter(({ gotIn }) => gotIn);
    expect(gotIn.length).toBeGreaterThan(0);
    // And it says that all is well.
    for (const { answer } of gotIn) expect(answer.status).toBe(200);
  });
});
