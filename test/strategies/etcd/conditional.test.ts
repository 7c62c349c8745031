import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CarefulClient } from '../../../strategies/etcd/careful-client.ts';
import {
  type Condition,
  type Conditional,
  createOnly,
  deleteIf,
  updateIf,
} from '../../../strategies/etcd/conditional.ts';
import { type Ground, prepareGround } from '../ground.ts';

let ground: Ground;
let client: CarefulClient;
beforeAll(async () => {
  ground = await prepareGround({ database: false });
  client = new CarefulClient({ etcd: [{ member: 'm1', address: ground.etcd }], deadlineMs: 2_000 });
});
afterAll(async () => {
  client?.close();
  await ground?.[Symbol.asyncDispose]();
});

function revisionOf(conditional: Conditional): number {
  if (!conditional.written) throw new Error(`not written: ${JSON.stringify(conditional.current)}`);
  return conditional.revision;
}

async function current(key: string) {
  // A condition that never holds tells what is there.
  const probe = await updateIf(client, key, { modified: Number.MAX_SAFE_INTEGER }, 'never');
  return probe.written ? undefined : probe.current;
}

describe('conditional writes', () => {
  test('an update holds for the revision that was read, and a late one is told what is there', async () => {
    const created = revisionOf(await createOnly(client, 'update', 'a'));
    const updated = revisionOf(await updateIf(client, 'update', { modified: created }, 'b'));
    expect(updated).toBeGreaterThan(created);
    expect(await updateIf(client, 'update', { modified: created }, 'late')).toEqual({
      written: false,
      current: { created, modified: updated, version: 2, value: Buffer.from('b') },
    });
  });

  test('of many that create at once exactly one does, and all others see its value', async () => {
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) => createOnly(client, 'create', `by ${i}`)),
    );
    expect(all.filter(({ written }) => written)).toHaveLength(1);
    const winner = `by ${all.findIndex(({ written }) => written)}`;
    for (const { written, ...lost } of all) {
      if (!written) expect(lost).toMatchObject({ current: { value: Buffer.from(winner), version: 1 } });
    }
  });

  test('read, change and write by many at once loses no increment', async () => {
    await createOnly(client, 'counter', '0');
    const increment = async () => {
      for (let tries = 1; ; tries++) {
        const seen = (await current('counter'))!;
        const next = String(Number(seen.value) + 1);
        if ((await updateIf(client, 'counter', { modified: seen.modified }, next)).written) return tries;
      }
    };
    const tries = await Promise.all(Array.from({ length: 12 }, increment));
    expect((await current('counter'))?.value.toString()).toBe('12');
    // It was contested, else this shows nothing.
    expect(Math.max(...tries)).toBeGreaterThan(1);
  });

  test('version, created and modified are three different things', async () => {
    const key = 'counts';
    const first = revisionOf(await createOnly(client, key, '1'));
    const second = revisionOf(await updateIf(client, key, { version: 1 }, '2'));
    expect(await current(key)).toMatchObject({ created: first, modified: second, version: 2 });
    revisionOf(await deleteIf(client, key, { created: first }));
    const anew = revisionOf(await createOnly(client, key, '3'));
    expect(await current(key)).toMatchObject({ created: anew, modified: anew, version: 1 });
    // The version has come back, the two revisions never do.
    const old: [Condition, boolean][] = [
      [{ modified: first }, false],
      [{ created: first }, false],
      [{ version: 1 }, true],
    ];
    for (const [condition, written] of old) {
      expect((await updateIf(client, key, condition, 'by an old count')).written).toBe(written);
    }
  });

  test('a delete takes only what was seen', async () => {
    const seen = revisionOf(await createOnly(client, 'delete', 'seen'));
    const changed = revisionOf(await updateIf(client, 'delete', { modified: seen }, 'changed'));
    expect(await deleteIf(client, 'delete', { modified: seen })).toMatchObject({
      written: false,
      current: { modified: changed },
    });
    expect((await deleteIf(client, 'delete', { modified: changed })).written).toBe(true);
    expect(await deleteIf(client, 'delete', { modified: changed })).toEqual({
      written: false,
      current: null,
    });
    expect(() => deleteIf(client, 'delete', { version: 0 })).toThrow('1 or more, got 0');
  });
});
