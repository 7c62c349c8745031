import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Tuning } from '../../harness/cluster/tuning.ts';
import { ask, curveShownAt, put, startWorld } from '../cluster/world.ts';
import { etcdsOfAllVersions } from './etcds.ts';

// That every version of etcd takes what may be tuned, and does it.

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe.each([...(await etcdsOfAllVersions())])('etcd $version', (etcd) => {
  const is34 = etcd.version.startsWith('3.4.');
  const is36 = etcd.version.startsWith('3.6.');

  /** What the member says of itself when it starts. */
  async function saidBy(tuning: Tuning): Promise<Record<string, unknown>> {
    await using world = await startWorld(1, { ...tuning, etcd });
    const log = await readFile(join(world.folder, 'm1.log'), 'utf8');
    return JSON.parse(log.split('\n').find((line) => line.includes('"starting an etcd server"'))!);
  }

  test('what is left out is as the version has it', async () => {
    expect(await saidBy({})).toMatchObject({
      'etcd-version': etcd.version,
      'heartbeat-interval': '50ms',
      'election-timeout': '500ms',
      'pre-vote': !is34,
      'snapshot-count': is36 ? 10_000 : 100_000,
      'snapshot-catchup-entries': 5_000,
      'quota-backend-bytes': 2 ** 31,
    });
  });

  test('the certificate that a member is given for its peers is taken', async () => {
    await using world = await startWorld(3, { etcd });
    expect(await curveShownAt(world.network.link('m1', 'm2').listen)).toBe('P-256');
  });

  test('what is told is taken', async () => {
    const told = {
      ...{ heartbeatMs: 40, electionMs: 800, preVote: is34, snapshotCount: 50 },
      ...{ quotaBackendBytes: 2 ** 24, compactionBatchLimit: 7, snapshotCatchUpEntries: 20 },
    };
    expect(await saidBy(told)).toMatchObject({
      'heartbeat-interval': '40ms',
      'election-timeout': '800ms',
      'pre-vote': is34,
      'snapshot-count': 50,
      'snapshot-catchup-entries': is36 ? 20 : 5_000,
      'quota-backend-bytes': 2 ** 24,
    });
  });

  test('a snapshot is taken, a compaction carried out, and a store that is full refuses writes', {
    timeout: 60_000,
  }, async () => {
    const tuning = { snapshotCount: 50, quotaBackendBytes: 2 ** 23, compactionBatchLimit: 7 };
    await using world = await startWorld(1, { ...tuning, etcd });
    let revision = 0;
    for (let i = 0; i < 120; i += 1) revision = await put(world.cluster, 'm1', 'key', String(i));
    await ask(world.cluster, 'm1', '/v3/kv/compaction', { revision: String(revision), physical: true });
    const { count, kvs } = (await ask(world.cluster, 'm1', '/v3/kv/range', { key: base64('key') })) as {
      count: string;
      kvs: [{ version: string }];
    };
    expect([count, kvs[0].version]).toEqual(['1', '120']);
    await expect
      .poll(() => readFile(join(world.folder, 'm1.log'), 'utf8'), { timeout: 20_000 })
      .toMatch(/"msg":"(saved snapshot|triggering snapshot)"/);

    const filling = async () => {
      const megabyte = 'x'.repeat(2 ** 20);
      for (let i = 0; i < 12; i += 1) await put(world.cluster, 'm1', `large-${i}`, megabyte);
    };
    await expect(filling()).rejects.toThrow('database space exceeded');
  });
});
