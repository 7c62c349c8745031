import { expect, test } from 'vitest';
import { checkedTuning, type Tuning, tunedBy, tuningArguments } from '../../harness/cluster/tuning.ts';

const usual = ['--heartbeat-interval', '50', '--election-timeout', '500'];

test.each<[Tuning, readonly string[]]>([
  [{}, usual],
  [{ heartbeatMs: 100 }, ['--heartbeat-interval', '100', '--election-timeout', '500']],
  [{ preVote: true }, [...usual, '--pre-vote=true']],
  [{ preVote: false }, [...usual, '--pre-vote=false']],
  [
    { snapshotCount: 100, quotaBackendBytes: 2 ** 24 },
    [...usual, '--snapshot-count', '100', '--quota-backend-bytes', '16777216'],
  ],
])('%j becomes etcd arguments', (tuning, expected) => {
  expect(tuningArguments(tuning, '3.4.23')).toEqual(expected);
});

test.each([
  ['3.4.23', ['--experimental-compaction-batch-limit', '5']],
  ['3.5.35', ['--experimental-compaction-batch-limit', '5']],
  ['3.6.16', ['--compaction-batch-limit', '5', '--snapshot-catchup-entries', '50']],
  ['4.0.0', ['--compaction-batch-limit', '5', '--snapshot-catchup-entries', '50']],
])('etcd %s is told as it has the flags', (version, expected) => {
  const tuning = { compactionBatchLimit: 5, snapshotCatchUpEntries: 50 };
  expect(tuningArguments(tuning, version)).toEqual([...usual, ...expected]);
});

test.each<[Tuning, string]>([
  [{ heartbeatMs: 9 }, 'heartbeatMs should be a whole number from 10 to 10000, got 9'],
  [{ electionMs: 99.5 }, 'electionMs should be a whole number from 50 to 50000, got 99.5'],
  [{ heartbeatMs: 200 }, 'electionMs should be at least 5 x heartbeatMs (1000) as etcd demands, got 500'],
  [{ snapshotCount: 0 }, 'snapshotCount should be a whole number from 1 to 10000000, got 0'],
  [{ quotaBackendBytes: 1 }, 'quotaBackendBytes should be a whole number from 1048576 to 8589934592, got 1'],
])('%j is refused', (tuning, message) => {
  expect(() => checkedTuning(tuning)).toThrow(new RangeError(message));
});

test('the second goes before the first, and both together must be what etcd takes', () => {
  expect(tunedBy({ heartbeatMs: 20, preVote: true }, { preVote: false, electionMs: undefined! })).toEqual({
    heartbeatMs: 20,
    preVote: false,
  });
  expect(() => tunedBy({ heartbeatMs: 100 }, { electionMs: 400 })).toThrow('at least 5 x heartbeatMs (500)');
});
