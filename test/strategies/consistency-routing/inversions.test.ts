import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultBudget } from '../../../harness/checker/checker.ts';
import { monotonicReads } from '../../../harness/checker/session.ts';
import type { Operation } from '../../../harness/history/operation.ts';
import type { Instance } from '../../../harness/service/instance.ts';
import { strategies } from '../../../strategies/list.ts';
import { ok } from '../../checker/build.ts';
import { type Answer, ask, eventually, type Ground, prepareGround } from '../ground.ts';
import { type TestLink, testLink } from '../link.ts';

/**
 * Primary and replica come to show a write at different moments, and either may be first. Whoever reads at the one and
 * then at the other must not see the new value and then the old one.
 *
 *   primary first: the write is visible there, and the replica has yet to replay it
 *   replica first: a commit is flushed, and so sent on, before the primary shows it. In between are microseconds, or the
 *                  wait for a synchronous standby, which is as long as that one takes
 */

const judge = (operations: readonly Operation[]) =>
  monotonicReads({ grade: 'session', order: 'real-time' }).check({ operations, faults: [] }, defaultBudget);

const session = { grade: 'session' } as const;
const histories: readonly (readonly [string, Operation[], boolean])[] = [
  [
    'read at the primary, then at a replica that is behind',
    [
      ok.write('old', 0, 10, { process: 1 }),
      ok.write('new', 20, 30, { process: 1 }),
      ok.read('new', 40, 50, { ...session, source: 'primary' }),
      ok.read('old', 60, 70, { ...session, source: 'replica' }),
    ],
    false,
  ],
  [
    'read at the replica, then at a primary that does not show it yet: the write ends after both',
    [
      ok.write('old', 0, 10, { process: 1 }),
      ok.write('new', 20, 90, { process: 1 }),
      ok.read('new', 40, 50, { ...session, source: 'replica' }),
      ok.read('old', 60, 70, { ...session, source: 'primary' }),
    ],
    false,
  ],
  [
    'read old at the replica, then new at the primary',
    [
      ok.write('old', 0, 10, { process: 1 }),
      ok.write('new', 20, 90, { process: 1 }),
      ok.read('old', 40, 50, { ...session, source: 'replica' }),
      ok.read('new', 60, 70, { ...session, source: 'primary' }),
    ],
    true,
  ],
];

describe('a history of one process', () => {
  test.each(histories)('%s', (_, operations, valid) => {
    expect(judge(operations).valid).toBe(valid);
  });
});

describe('consistency-routing never leads a session back', () => {
  let ground: Ground;
  let link: TestLink;
  let instance: Instance;
  let primary: pg.Client;
  let replica: pg.Client;
  beforeAll(async () => {
    ground = await prepareGround({ database: true });
    const database = ground.database!;
    link = await testLink(database.replica!.address);
    instance = await ground.startInstance({
      name: 'routing',
      strategy: strategies.find(({ name }) => name === 'consistency-routing')!,
      replicaUrl: database.throughUrl('replica', link.address),
    });
    [primary, replica] = [database.primary, database.replica!].map(
      ({ counting }) => new pg.Client({ connectionString: counting.url }),
    ) as [pg.Client, pg.Client];
    await Promise.all([primary.connect(), replica.connect()]);
  });
  afterAll(async () => {
    await Promise.all([primary?.end(), replica?.end(), instance?.stop()]);
    await link?.[Symbol.asyncDispose]();
    await ground?.[Symbol.asyncDispose]();
  });

  async function connected(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: ground.database!.primary.url });
    await client.connect();
    return client;
  }
  /** Writes 'new' as another program would: without a limit, so that it waits for as long as the database does. */
  const rewrite = (client: pg.Client, key: string) =>
    client.query(`update routed_values set value = '"new"', revision = revision + 1 where key = $1`, [key]);
  const read = (key: string, grade: string, sessionToken?: string): Promise<Answer> =>
    ask(instance, 'GET', `/kv/${key}?consistency=${grade}`, { sessionToken });
  const seen = ({ status, body, headers }: Answer) => [status, body.value, headers['x-source']];

  test('from the primary to a replica that has not replayed it', async () => {
    const old = await ask(instance, 'PUT', '/kv/behind', { body: { value: 'old' } });
    await eventually(
      () => read('behind', 'eventual'),
      ({ body }) => body.value === 'old',
    );
    await replica.query('select pg_wal_replay_pause()');
    await eventually(
      async () => (await replica.query('select pg_get_wal_replay_pause_state() as state')).rows[0].state,
      (state) => state === 'paused',
    );
    try {
      // Of another client: this one has no token of it.
      expect((await ask(instance, 'PUT', '/kv/behind', { body: { value: 'new' } })).status).toBe(200);
      const first = await read('behind', 'linearizable', old.headers['session-token']);
      expect(seen(first)).toEqual([200, 'new', 'primary']);
      const second = await read('behind', 'session', first.headers['session-token']);
      expect(seen(second)).toEqual([200, 'new', 'primary']);
      // The replica would have answered the old value, and does to whoever has seen nothing newer.
      expect(seen(await read('behind', 'session'))).toEqual([200, 'old', 'replica']);
    } finally {
      await replica.query('select pg_wal_replay_resume()');
    }
  });

  test('from a replica that is ahead to the primary', async () => {
    const old = await ask(instance, 'PUT', '/kv/ahead', { body: { value: 'old' } });
    // A standby that is away: commits wait for it, flushed and sent on, and are not shown until they have ended.
    const synchronous = async (standby: string) => {
      await primary.query(`alter system set synchronous_standby_names = '${standby}'`);
      await primary.query('select pg_reload_conf()');
    };
    const [prober, writer] = await Promise.all([connected(), connected()]);
    await ask(instance, 'PUT', '/kv/probe', { body: { value: 0 } });
    await synchronous('away');
    // It reaches the server's processes one after another; it is in force once a commit waits.
    let probing: Promise<unknown> | undefined;
    const { pid } = (await prober.query('select pg_backend_pid() as pid')).rows[0];
    await eventually(
      async () => {
        probing ??= rewrite(prober, 'probe').then(() => {
          probing = undefined;
        });
        const sql = `select from pg_stat_activity where pid = $1 and wait_event = 'SyncRep'`;
        return (await primary.query(sql, [pid])).rowCount;
      },
      (waiting) => waiting === 1,
    );
    const committed = Promise.all([rewrite(writer, 'ahead'), probing]);
    try {
      const first = await eventually(
        () => read('ahead', 'session', old.headers['session-token']),
        ({ body }) => body.value === 'new',
      );
      expect(seen(first)).toEqual([200, 'new', 'replica']);
      expect(seen(await read('ahead', 'linearizable'))).toEqual([200, 'old', 'primary']);
      // Writes of other keys do not make it forget what it has seen: they would wait too, so a lost compare does here.
      const lost = await ask(instance, 'PUT', '/kv/ahead-other', {
        body: { value: 1, expectedRevision: 7 },
        sessionToken: first.headers['session-token'],
      });
      expect(lost.status).toBe(409);
      link.refuse(true);
      const second = await read('ahead', 'session', first.headers['session-token']);
      expect([second.status, second.headers['x-outcome']]).toEqual([503, 'fail']);
      expect(second.body.error).toContain('seen at the replica');
      // An eventual read promises nothing of the kind, and does not take the promise away either.
      const third = await read('ahead', 'eventual', first.headers['session-token']);
      expect(seen(third)).toEqual([200, 'old', 'primary']);
      expect((await read('ahead', 'session', third.headers['session-token'])).status).toBe(503);
      await synchronous('');
      await committed;
      const fourth = await read('ahead', 'session', third.headers['session-token']);
      expect(seen(fourth)).toEqual([200, 'new', 'primary']);
    } finally {
      link.refuse(false);
      await synchronous('');
      await committed;
      await Promise.all([prober.end(), writer.end()]);
    }
  });
});
