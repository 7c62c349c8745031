import { describe, expect, it, test } from 'vitest';
import { gauge } from '../../harness/observer/beliefs.ts';
import { decodeHashAnswer, encodeHashRequest } from '../../harness/observer/member-hash.ts';
import { LogReader, memberLog } from '../../harness/observer/member-log.ts';

function read(...lines: string[]) {
  const reader = new LogReader();
  for (const line of lines) reader.add(line);
  return reader.found;
}

describe("a member's log", () => {
  it.each([
    [
      'zap, a panic',
      '{"level":"panic","ts":"2026-11-22T14:25:55.123Z","msg":"failed to apply","error":"disk"}',
      'panic',
      'failed to apply (disk)',
    ],
    [
      'zap, fatal',
      '{"level":"fatal","caller":"etcdmain/etcd.go:271","msg":"discovery failed"}',
      'fatal',
      'discovery failed',
    ],
    ['zap, while developing', '{"level":"dpanic","msg":"odd"}', 'dpanic', 'odd'],
    [
      'capnslog, critical',
      '2026-11-22 14:25:55.123456 C | etcdserver: open wal error',
      'fatal line',
      'etcdserver: open wal error',
    ],
    [
      'Go, a panic',
      'panic: runtime error: index out of range [3] with length 3',
      'panic',
      'panic: runtime error: index out of range [3] with length 3',
    ],
    ['Go, a crash', 'fatal error: concurrent map writes', 'crash', 'fatal error: concurrent map writes'],
    ['Go, a signal', 'SIGSEGV: segmentation violation', 'crash', 'SIGSEGV: segmentation violation'],
  ])('is serious: %s', (_, line, level, text) => {
    expect(read('first', line).serious).toEqual([{ line: 2, level, text }]);
  });

  it.each([
    ['information', '{"level":"info","msg":"started"}'],
    ['an error', '{"level":"error","msg":"failed to dial"}'],
    ['a warning that speaks of a panic', '{"level":"warn","msg":"recovered from panic: x"}'],
    ['a warning that quotes one', '{"level":"warn","msg":"peer said {\\"level\\":\\"panic\\"}"}'],
    ['capnslog, a warning', '2026-11-22 14:25:55.123456 W | etcdserver: panic soon'],
    ['capnslog, an error', '2026-11-22 14:25:55.123456 E | rafthttp: failed'],
    ['a line of a trace', 'goroutine 1 [running]:'],
    ['nothing', ''],
    ['what is torn', '{"level":"panic","msg":"fai'],
  ])('is not: %s', (_, line) => {
    expect(read(line).serious).toEqual([]);
  });

  it('tells elections, however it is written', () => {
    expect(
      read(
        '{"level":"info","ts":"2026-11-22T14:32:00.385Z","caller":"raft/raft.go:771","msg":"886b03c4ae679a15 became leader at term 2"}',
        'raft2026/11/22 14:32:01 INFO: 8e9e05c52164694d became leader at term 3',
        '2026-11-22 14:32:02.000000 I | raft: 1f became leader at term 14',
        '{"level":"info","msg":"886b03c4ae679a15 became candidate at term 5"}',
        '{"level":"info","msg":"raft.node: 886b03c4ae679a15 elected leader 8e9e05c52164694d at term 3"}',
      ).elections,
    ).toEqual([
      { id: '886b03c4ae679a15', term: 2 },
      { id: '8e9e05c52164694d', term: 3 },
      { id: '1f', term: 14 },
    ]);
  });

  it('keeps the first few of many', () => {
    expect(read(...Array.from({ length: 40 }, () => 'panic: x')).serious).toHaveLength(5);
  });

  it('that is not there says so', async () => {
    expect(await memberLog('m1', '/nowhere/m1.log', 0)).toMatchObject({
      kind: 'log',
      member: 'm1',
      lines: 0,
      reason: expect.stringMatching(/ENOENT/),
    });
  });
});

describe('HashKV on the wire', () => {
  test.each([
    [1, '0801'],
    [300, '08ac02'],
    [2 ** 40, '08808080808020'],
  ])('asks as of revision %i', (revision, hex) => {
    expect(encodeHashRequest(revision).toString('hex')).toBe(hex);
  });

  test.each([
    [
      'a header, a hash, a compaction',
      '0a0208011090f1da9b031864',
      { hash: 863_418_512, compactRevision: 100 },
    ],
    ['never compacted', '1001' + '18ffffffffffffffffff01', { hash: 1, compactRevision: 0 }],
    ['the highest hash', '10ffffffff0f', { hash: 4_294_967_295, compactRevision: 0 }],
    ['nothing', '', { hash: 0, compactRevision: 0 }],
  ])('reads %s', (_, hex, answer) => {
    expect(decodeHashAnswer(Buffer.from(hex, 'hex'))).toEqual(answer);
  });

  test('refuses what ends too early', () => {
    expect(() => decodeHashAnswer(Buffer.from('10ff', 'hex'))).toThrow(/ends in the middle/);
  });
});

test.each([
  ['a b 1\nfaultline_lease_epoch 7\n', 7],
  ['# HELP x\nfaultline_lease_epoch{strategy="lease-session",instance="s1"} 12\n', 12],
  ['faultline_lease_epoch_more 3\n', undefined],
  ['faultline_lease_epoch NaN\n', undefined],
  ['', undefined],
])('a gauge in %j', (text, value) => {
  expect(gauge(text, 'faultline_lease_epoch')).toBe(value);
});
