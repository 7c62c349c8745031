import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Instance } from '../../harness/service/instance.ts';
import { naiveTwins, strategies, variants } from '../../strategies/list.ts';
import { ask as askAny, eventually, type Ground, metric, prepareGround } from './ground.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await prepareGround({ database: true });
});
afterAll(() => ground?.[Symbol.asyncDispose]());

// The same program as watch-careful with less of its watch switched on.
const sameProgram = ['watch-versions', 'watch-polled'];
// A naive twin is not held to it: its reads may lag behind its writes at any time.
const careful = [...strategies, ...variants].filter(
  (strategy) => !naiveTwins.includes(strategy) && !sameProgram.includes(strategy.name),
);

for (const strategy of careful) {
  describe(`the HTTP contract, kept by ${strategy.name}`, () => {
    let first: Instance;
    let second: Instance;
    // Strategies that keep their values in one table of the database must not find each other's.
    const ask: typeof askAny = (instance, method, path, options) =>
      askAny(instance, method, path.replace('/kv/', `/kv/${strategy.name}.`), options);

    beforeAll(async () => {
      // At once, on an empty database: two instances that create what they need must not collide.
      [first, second] = await Promise.all([
        ground.startInstance({ name: `${strategy.name}-s1`, strategy }),
        ground.startInstance({ name: `${strategy.name}-s2`, strategy }),
      ]);
    });
    afterAll(() => Promise.all([first?.stop(), second?.stop()]));

    test('a key that was never written is a 404 in every grade', async () => {
      for (const grade of ['linearizable', 'session', 'eventual']) {
        const answer = await ask(first, 'GET', `/kv/nothing?consistency=${grade}`);
        expect([grade, answer.status]).toEqual([grade, 404]);
        expect(answer.headers['x-source']).toMatch(/^(cache|etcd|primary|replica)$/);
      }
    });

    test('a value of any JSON kind but null is read back as it was written', async () => {
      for (const value of ['text', 12.5, 0, false, '', [1, { a: null }], { deep: { er: ['ü', '\u2028'] } }]) {
        expect((await ask(first, 'PUT', '/kv/kinds', { body: { value } })).status).toBe(200);
        const read = await ask(first, 'GET', '/kv/kinds?consistency=linearizable');
        expect([read.status, read.body.key, read.body.value]).toEqual([200, `${strategy.name}.kinds`, value]);
        expect(read.body.revision).toBeGreaterThan(0);
      }
    });

    test('a session reads its own writes and deletes at once', async () => {
      let sessionToken: string | undefined;
      for (let i = 0; i < 20; i++) {
        const deletes = i % 5 === 4;
        const written = deletes
          ? await ask(first, 'DELETE', '/kv/own', { sessionToken })
          : await ask(first, 'PUT', '/kv/own', { sessionToken, body: { value: i } });
        expect(written.status).toBe(200);
        sessionToken = written.headers['session-token'] ?? sessionToken;
        const read = await ask(first, 'GET', '/kv/own?consistency=session', { sessionToken });
        expect([read.status, read.body.value]).toEqual(deletes ? [404, undefined] : [200, i]);
        sessionToken = read.headers['session-token'] ?? sessionToken;
      }
    });

    test('both instances come to answer the same in every grade', async () => {
      await ask(first, 'PUT', '/kv/shared', { body: { value: 'from the first' } });
      for (const grade of ['linearizable', 'session', 'eventual']) {
        await eventually(
          () => ask(second, 'GET', `/kv/shared?consistency=${grade}`),
          ({ body }) => body.value === 'from the first',
        );
      }
    });

    test('a compare that holds writes; one that does not says the revision and writes nothing', async () => {
      // Strategies in front of the database share its table: the key has to be new for each.
      const key = `/kv/compared-by-${strategy.name}`;
      const created = await ask(first, 'PUT', key, { body: { value: 'a', expectedRevision: 0 } });
      expect(created.status).toBe(200);
      const again = await ask(second, 'PUT', key, { body: { value: 'x', expectedRevision: 0 } });
      expect([again.status, again.body.revision]).toEqual([409, created.body.revision]);
      const revision = created.body.revision as number;
      const changed = await ask(second, 'PUT', key, { body: { value: 'b', expectedRevision: revision } });
      expect(changed.status).toBe(200);
      expect(changed.body.revision).toBeGreaterThan(revision);
      const late = await ask(first, 'PUT', key, { body: { value: 'y', expectedRevision: revision } });
      expect([late.status, late.body.revision]).toEqual([409, changed.body.revision]);
      expect((await ask(first, 'GET', key)).body).toMatchObject({
        value: 'b',
        revision: changed.body.revision,
      });
    });

    test('a revision of a key never comes twice, not even over a delete', async () => {
      const key = '/kv/reborn';
      const revisions: number[] = [];
      for (const value of [1, 2]) {
        await ask(first, 'PUT', key, { body: { value } });
        revisions.push((await ask(first, 'GET', key)).body.revision as number);
        expect((await ask(first, 'DELETE', key)).status).toBe(200);
        expect((await ask(first, 'GET', key)).status).toBe(404);
      }
      expect(revisions[1]).toBeGreaterThan(revisions[0]!);
      const old = await ask(first, 'PUT', key, { body: { value: 3, expectedRevision: revisions[1] } });
      expect([old.status, old.body.revision]).toEqual([409, 0]);
      expect((await ask(first, 'PUT', key, { body: { value: 3, expectedRevision: 0 } })).status).toBe(200);
    });

    test('of many compares on one revision exactly one holds', async () => {
      await ask(first, 'PUT', '/kv/race', { body: { value: 'start' } });
      const { revision } = (await ask(first, 'GET', '/kv/race')).body;
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, i) =>
          ask(i % 2 ? first : second, 'PUT', '/kv/race', { body: { value: i, expectedRevision: revision } }),
        ),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 409)).toHaveLength(11);
      const winner = answers.findIndex(({ status }) => status === 200);
      expect((await ask(first, 'GET', '/kv/race')).body.value).toBe(winner);
    });

    test.each([
      ['no value', 'PUT', '/kv/bad', {}, /value/],
      ['null', 'PUT', '/kv/bad', { value: null }, /value/],
      ['a revision that is none', 'PUT', '/kv/bad', { value: 1, expectedRevision: -1 }, /expectedRevision/],
      ['a revision as text', 'PUT', '/kv/bad', { value: 1, expectedRevision: '1' }, /expectedRevision/],
      ['a member nobody knows', 'PUT', '/kv/bad', { value: 1, ttl: 3 }, /additional/],
      ['a grade nobody knows', 'GET', '/kv/bad?consistency=strong', undefined, /consistency/],
      ['a transaction without branches', 'PUT', '/tx', { compare: [] }, /success/],
    ] as const)('%s is a 400 that says what was expected', async (_, method, path, body, says) => {
      const answer = await ask(first, method, path, { body });
      expect([answer.status, answer.headers['x-outcome']]).toEqual([400, 'fail']);
      expect(answer.body.error).toMatch(says);
    });

    test('a transaction is all or nothing, or a 501 with a sentence', async () => {
      const [a, b] = [`${strategy.name}.tx-a`, `${strategy.name}.tx-b`];
      const transfer = {
        compare: [{ key: a, target: 'revision', result: 'equal', value: 0 }],
        success: [
          { op: 'put', key: a, value: 1 },
          { op: 'put', key: b, value: 2 },
        ],
        failure: [{ op: 'get', key: b }],
      };
      const answer = await ask(first, 'PUT', '/tx', { body: transfer });
      if (!strategies.includes(strategy) && answer.status === 501) {
        expect(answer.headers['x-outcome']).toBe('fail');
        expect(answer.body.error).toContain('several keys');
        return;
      }
      expect([answer.status, answer.body.succeeded]).toEqual([200, true]);
      expect((await ask(second, 'GET', '/kv/tx-a')).body.value).toBe(1);
      const refused = await ask(second, 'PUT', '/tx', { body: transfer });
      expect(refused.body).toMatchObject({ succeeded: false, results: [{ key: b, value: 2 }] });
    });

    test('/healthz and /metrics tell how it is', async () => {
      expect(await ask(first, 'GET', '/healthz')).toMatchObject({ status: 200, body: { ok: true } });
      expect(await metric(first, 'faultline_requests_total', 'method="PUT"')).toBeGreaterThan(0);
      if (strategy.name === 'consistency-routing') {
        expect(
          await metric(first, 'faultline_database_queries_total', 'role="primary",kind="write"'),
        ).toBeGreaterThan(5);
        expect(
          await metric(first, 'faultline_database_queries_total', 'role="replica",kind="read"'),
        ).toBeGreaterThan(5);
      } else {
        const reads = strategy.name === 'cache-noop' ? 'miss' : 'hit';
        expect(await metric(first, 'faultline_cache_reads_total', `class="${reads}"`)).toBeGreaterThan(0);
      }
    });

    test('it is killed and started again with what it had acknowledged', async () => {
      if (strategy.name === 'write-behind-memory') return;
      await ask(first, 'PUT', '/kv/kept', { body: { value: 'before the kill' } });
      await first.kill();
      await expect(ask(first, 'GET', '/kv/kept')).rejects.toThrow();
      await first.restart();
      expect((await ask(first, 'GET', '/kv/kept?consistency=session')).body.value).toBe('before the kill');
    });
  });
}
