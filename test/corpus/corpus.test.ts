import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureEtcd } from '../../harness/cluster/provision.ts';
import type { HuntingGround } from './bug.ts';
import { bugs } from './bugs.ts';
import { detectedAfterMs } from './table.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'corpus-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function ground(name: string): Promise<HuntingGround> {
  const etcd = await ensureEtcd({ say: () => {} });
  return { seed: 11, etcd, folder: join(folder, name), signal: new AbortController().signal };
}

/** A lost update, an old value of a cut-off member, a queue passed over, half a transaction; `npm run corpus` has all. */
const subset = ['lost-compare', 'cut-off-member-read', 'queue-not-read', 'transaction-split-in-two'];

describe('a planted bug is found, and what is right beside it is not accused', () => {
  test.each(subset)('%s', { timeout: 180_000 }, async (name) => {
    const bug = bugs.find((one) => one.name === name)!;
    const hunt = await bug.hunt(await ground(name));
    expect(detectedAfterMs(hunt, bug.violation), JSON.stringify(hunt).slice(0, 2_000)).toBeDefined();
    const beside = await bug.control.hunt(await ground(`${name}-control`));
    // A machine too busy to start the second cell accuses nobody.
    expect(beside.state, JSON.stringify(beside).slice(0, 2_000)).not.toBe('found');
  });
});
