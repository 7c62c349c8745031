import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Instance } from '../../harness/service/instance.ts';
import { CarefulClient } from '../../strategies/etcd/careful-client.ts';
import { strategies } from '../../strategies/list.ts';
import type { Comparison, Step } from '../../strategies/strategy.ts';
import { type Answer, ask, type Ground, prepareGround } from './ground.ts';

let ground: Ground;
let etcd: CarefulClient;
beforeAll(async () => {
  ground = await prepareGround({ database: true });
  etcd = new CarefulClient({ etcd: [{ member: 'm1', address: ground.etcd }], deadlineMs: 2_000 });
});
afterAll(async () => {
  etcd?.close();
  await ground?.[Symbol.asyncDispose]();
});

describe.each(strategies.map((strategy) => [strategy.name, strategy] as const))(
  'PUT /tx of %s',
  (name, strategy) => {
    let instance: Instance;
    let revisions: { first: number; last: number };
    const leased = name === 'lease-session';
    beforeAll(async () => {
      instance = await ground.startInstance({ name: `tx-${name}`, strategy });
      const put = async (value: unknown) =>
        revisionOf(await tx({ success: [{ op: 'put', key: 'there', value }] }));
      revisions = { first: await put('a'), last: await put('m') };
    });
    afterAll(() => instance?.stop());

    async function tx(body: { compare?: Comparison[]; success?: Step[]; failure?: Step[] }): Promise<Answer> {
      return ask(instance, 'PUT', '/tx', { body: { compare: [], success: [], failure: [], ...body } });
    }
    const revisionOf = (answer: Answer) => (answer.body.results as { revision: number }[]).at(-1)!.revision;

    async function held(comparison: Comparison): Promise<boolean> {
      const answer = await tx({ compare: [comparison] });
      expect([200, 409]).toContain(answer.status);
      expect(answer.body.branch).toBe(answer.status === 200 ? 'success' : 'failure');
      expect(answer.body.succeeded).toBe(answer.status === 200);
      return answer.status === 200;
    }

    const kinds: readonly (readonly [
      string,
      Comparison['target'],
      () => unknown,
      () => unknown,
      () => unknown,
    ])[] = [
      // What is less than what is there, what is equal to it, and what is greater.
      ['value', 'value', () => 'a', () => 'm', () => 'z'],
      ['version', 'version', () => 1, () => 2, () => 3],
      ['revision', 'revision', () => revisions.last - 1, () => revisions.last, () => revisions.last + 1],
      ['creation', 'created', () => revisions.first - 1, () => revisions.first, () => revisions.first + 1],
    ];
    test.each(kinds)('compares the %s of a key in all four ways', async (_, target, less, same, greater) => {
      const expected = [
        ['equal', [false, true, false]],
        ['notEqual', [true, false, true]],
        ['greater', [true, false, false]],
        ['less', [false, false, true]],
      ] as const;
      for (const [result, holds] of expected) {
        const seen: boolean[] = [];
        for (const value of [less(), same(), greater()]) {
          seen.push(await held({ key: 'there', target, result, value }));
        }
        expect([result, ...seen]).toEqual([result, ...holds]);
      }
    });

    test('of a key that is not there the counts are 0, and its value compares with nothing', async () => {
      for (const target of ['revision', 'created', 'version'] as const) {
        expect(await held({ key: 'absent', target, result: 'equal', value: 0 })).toBe(true);
        expect(await held({ key: 'absent', target, result: 'greater', value: 0 })).toBe(false);
      }
      for (const result of ['equal', 'notEqual', 'greater', 'less'] as const) {
        expect(await held({ key: 'absent', target: 'value', result, value: 'x' })).toBe(false);
      }
    });

    test('all comparisons must hold; the branch that is taken is told, and the other is not carried out', async () => {
      const body = (value: number): Parameters<typeof tx>[0] => ({
        compare: [
          { key: 'there', target: 'value', result: 'equal', value: 'm' },
          { key: 'branch-s', target: 'version', result: 'equal', value },
        ],
        success: [{ op: 'put', key: 'branch-s', value: 's' }],
        failure: [
          { op: 'put', key: 'branch-f', value: 'f' },
          { op: 'get', key: 'there' },
          { op: 'get', key: 'never' },
        ],
      });
      const lost = await tx(body(1));
      expect([lost.status, lost.body.branch]).toEqual([200, 'failure']);
      expect(lost.body.results).toMatchObject([
        { key: 'branch-f', revision: expect.any(Number) },
        { key: 'there', value: 'm', revision: revisions.last, created: revisions.first, version: 2 },
        { key: 'never', value: null },
      ]);
      expect((await ask(instance, 'GET', '/kv/branch-s')).status).toBe(404);
      const won = await tx(body(0));
      expect([won.status, won.body.branch]).toEqual([200, 'success']);
      expect((await ask(instance, 'GET', '/kv/branch-s')).body).toMatchObject({
        value: 's',
        revision: revisionOf(won),
      });
    });

    test('a lost comparison without a failure branch is a 409 that did nothing', async () => {
      const lost = await tx({
        compare: [{ key: 'there', target: 'version', result: 'equal', value: 99 }],
        success: [{ op: 'put', key: 'conflict', value: 1 }],
      });
      expect([lost.status, lost.headers['x-outcome'], lost.body.branch]).toEqual([409, 'fail', 'failure']);
      expect(lost.body.error).toContain('did not hold');
      expect((await ask(instance, 'GET', '/kv/conflict')).status).toBe(404);
    });

    test('a key that is deleted and made again has a new creation and version 1', async () => {
      const key = 'reborn-tx';
      await tx({ success: [{ op: 'put', key, value: 1 }] });
      await tx({ success: [{ op: 'put', key, value: 2 }] });
      const deleted = await tx({ success: [{ op: 'delete', key }] });
      expect((await tx({ success: [{ op: 'delete', key }] })).body.results).toEqual([{ key }]);
      await tx({ success: [{ op: 'put', key, value: 3 }] });
      const [found] = (await tx({ success: [{ op: 'get', key }] })).body.results as [Record<string, number>];
      expect(found).toMatchObject({ value: 3, version: 1 });
      expect(found.created).toBe(found.revision);
      expect(found.created).toBeGreaterThan(revisionOf(deleted));
    });

    test('a range reads all keys of a prefix at the moment of the transaction', async () => {
      const range: Step = { op: 'range', prefix: 'r/' };
      if (name === 'write-behind') {
        const refused = await tx({ success: [range] });
        expect([refused.status, refused.headers['x-outcome']]).toEqual([400, 'fail']);
        expect(refused.body.error).toContain('single keys');
        return;
      }
      const puts = ['r/b', 'r/a', 'r/c', 'r0', 'q'].map((key): Step => ({ op: 'put', key, value: key }));
      await tx({ success: puts });
      const answer = await tx({
        success: [range, { ...range, limit: 2 }, { op: 'put', key: 'r/d', value: 1 }, range],
      });
      const names = (answer.body.results as { found?: { key: string }[]; more?: boolean }[]).map(
        ({ found, more }) => found && [found.map(({ key }) => key).join(), more],
      );
      expect(names).toEqual([
        ['r/a,r/b,r/c', false],
        ['r/a,r/b', true],
        undefined,
        ['r/a,r/b,r/c,r/d', false],
      ]);
    });

    test('leases are compared where keys hang on them, and a 400 with a sentence elsewhere', async () => {
      const { id } = await etcd.grantLease(30);
      const put = await tx({ success: [{ op: 'put', key: 'hanging', value: 1, lease: id }] });
      const compare = (key: string, value: string): Comparison => ({
        key,
        target: 'lease',
        result: 'equal',
        value,
      });
      if (!leased) {
        expect([put.status, put.headers['x-outcome']]).toEqual([400, 'fail']);
        expect(put.body.error).toContain('lease');
      } else {
        expect(put.status).toBe(200);
        expect(await held(compare('hanging', id))).toBe(true);
        expect(await held(compare('hanging', '0'))).toBe(false);
        const got = await tx({ success: [{ op: 'get', key: 'hanging' }] });
        expect(got.body.results).toMatchObject([{ key: 'hanging', lease: id }]);
        const wrong = await tx({ success: [{ op: 'put', key: 'hanging', value: 1, lease: '1' }] });
        expect([wrong.status, wrong.body.error]).toEqual([400, expect.stringContaining('lease not found')]);
        await etcd.revokeLease(id);
        expect((await ask(instance, 'GET', '/kv/hanging?consistency=linearizable')).status).toBe(404);
      }
      if (name === 'consistency-routing') {
        const answer = await tx({ compare: [compare('there', '0')] });
        expect([answer.status, answer.body.error]).toEqual([
          400,
          expect.stringContaining('the lease of there'),
        ]);
      } else {
        expect(await held(compare('there', '0'))).toBe(true);
      }
    });

    test.each([
      ['a lease as a number', { compare: [{ key: 'k', target: 'lease', result: 'equal', value: 1 }] }],
      ['a version as text', { compare: [{ key: 'k', target: 'version', result: 'equal', value: '1' }] }],
      ['a put without a value', { success: [{ op: 'put', key: 'k' }] }],
      ['a get with a value', { success: [{ op: 'get', key: 'k', value: 1 }] }],
      ['a range of a key', { success: [{ op: 'range', key: 'k' }] }],
      ['a step nobody knows', { success: [{ op: 'increment', key: 'k' }] }],
      ['a key written twice', { success: [1, 2].map((value) => ({ op: 'put', key: 'k', value })) }],
    ])('%s is a 400', async (_, body) => {
      const answer = await tx(body as Parameters<typeof tx>[0]);
      expect([answer.status, answer.headers['x-outcome']]).toEqual([400, 'fail']);
    });

    test('transfers between keys at the same time lose and make nothing', async () => {
      const accounts = ['acc-a', 'acc-b', 'acc-c'];
      const start = await tx({ success: accounts.map((key): Step => ({ op: 'put', key, value: 100 })) });
      expect(start.status).toBe(200);
      const gets = accounts.map((key): Step => ({ op: 'get', key }));
      type Held = { key: string; value: number; revision: number }[];
      let transfers = 0;
      const transfer = async (offset: number) => {
        for (let i = 0; i < 8; i++) {
          const read = await tx({ success: gets });
          if (read.status !== 200) continue;
          const accountsNow = read.body.results as Held;
          expect(accountsNow.reduce((sum, { value }) => sum + value, 0)).toBe(300);
          const from = accountsNow[(i + offset) % 3]!;
          const to = accountsNow[(i + offset + 1) % 3]!;
          const answer = await tx({
            compare: [from, to].map(({ key, revision }) => ({
              key,
              target: 'revision',
              result: 'equal',
              value: revision,
            })),
            success: [
              { op: 'put', key: from.key, value: from.value - 1 },
              { op: 'put', key: to.key, value: to.value + 1 },
            ],
          });
          if (answer.status === 200) transfers += 1;
        }
      };
      await Promise.all([0, 1, 2, 0].map(transfer));
      const end = (await tx({ success: gets })).body.results as Held;
      expect(end.reduce((sum, { value }) => sum + value, 0)).toBe(300);
      expect(transfers).toBeGreaterThan(5);
    });
  },
);
