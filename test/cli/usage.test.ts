import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../harness/process/free-port.ts';
import { faultline } from './command.ts';

/** Broke promises; of a time when results did not tell their schedule. */
const recorded = new URL('../reports/recorded/leader-partition.json', import.meta.url).pathname;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'usage-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('wrong usage is one line that says what was expected and what came, and exit 64', () => {
  const table: [what: string, args: readonly string[], message: string][] = [
    [
      'an unknown scenario',
      ['run', 'leader-partion'],
      "unknown scenario 'leader-partion'; did you mean leader-partition?",
    ],
    [
      'an unknown strategy',
      ['run', 'steady', '--strategy', 'lease-sesion'],
      "unknown strategy 'lease-sesion'; did you mean lease-session?",
    ],
    ['a name that is like none', ['run', 'qqqqqqqqq'], "unknown scenario 'qqqqqqqqq' (there are: steady,"],
    [
      'a rate of 0',
      ['run', 'steady', '--rate', '0'],
      "--rate should be a whole number from 1 to 50000, got '0'",
    ],
    [
      'a rate that is no number',
      ['run', 'steady', '--rate', 'fast'],
      "--rate should be a whole number from 1 to 50000, got 'fast'",
    ],
    [
      'a threshold that is none',
      ['run', 'steady', '--threshold', 'read.p99'],
      "a threshold should be a metric, one of <= >= == != < > and a number, as in 'read.p99<50', got 'read.p99'",
    ],
    [
      'a threshold on a figure that there is not',
      ['run', 'steady', '--threshold', 'read.p98<5'],
      "of one kind as read.p99, in one phase as read.p99{phase:during}; got 'read.p98'",
    ],
    [
      'a bench of one side',
      ['bench', '--interleave', 'lease-session'],
      '--interleave should be two sides, as in lease-session,write-behind; got 1',
    ],
    [
      'a side that there is not',
      ['bench', '--interleave', 'lease-session,lease-sesion@3.5.0'],
      "unknown strategy 'lease-sesion'; did you mean lease-session?",
    ],
    [
      'a reporter that there is not',
      ['run', 'steady', '--reporter', 'html,pdf'],
      "--reporter should be one of markdown, html, junit, csv, prometheus, got 'pdf'",
    ],
    [
      'a strategy where none is measured',
      ['run', 'write-serialisation', '--strategy', 'lease-session'],
      '--strategy should be left out: write-serialisation measures without strategies',
    ],
    [
      'a baseline that there is not',
      ['run', 'steady', '--baseline', '/nowhere/result.json'],
      'no such file or directory',
    ],
    ['a comparison with nothing', ['compare', '/nowhere', '/nowhere'], 'no such file or directory'],
    [
      'a gate on a figure that there is not',
      ['compare', '/nowhere', '/nowhere', '--gate', 'p42'],
      "--gate should be one of promises.broken, hitRate, dbReadsPerRequest, p50, p99, got 'p42'",
    ],
    ['shrinking of what is not there', ['shrink', '/nowhere'], 'no such file or directory'],
    [
      'a budget that is no time',
      ['shrink', recorded, '--budget', 'long'],
      "--budget should be a time as 90s, 20m or 2h, 7 days at most, got 'long'",
    ],
    [
      'a budget for less than it takes to try and measure',
      ['shrink', recorded, '--budget', '1m'],
      '--budget should be at least 182s for 7 runs of about 26 s, got 1m',
    ],
    [
      'more breaks than tries',
      ['shrink', recorded, '--needed', '4'],
      "--needed should be a whole number from 1 to 3, got '4'",
    ],
    [
      'shrinking of a promise that was kept',
      ['shrink', recorded, '--promise', 'lease-truth'],
      'should have broken lease-truth, got linearizable, no-lost-writes, read-your-writes',
    ],
    ['shrinking of what does not tell its faults', ['shrink', recorded], 'should tell its schedule'],
    ['two members', ['run', 'steady', '--members', '2'], "--members should be one of 1, 3, 5, 7, got '2'"],
    [
      'a partition of one member',
      ['run', 'leader-partition', '--members', '1'],
      '--members should be at least 3 for leader-partition',
    ],
    [
      'an unknown profile',
      ['run', '--profile', 'long'],
      "--profile should be one of quick, standard, nightly, got 'long'",
    ],
    [
      'a negative seed',
      ['run', '--seed=-1'],
      "--seed should be a whole number from 0 to 2147483647, got '-1'",
    ],
    [
      'an election shorter than five heartbeats',
      ['run', '--heartbeat-ms', '200'],
      '--election-ms should be at least 5 times --heartbeat-ms (200), got 500',
    ],
    [
      'a store that etcd cannot start with',
      ['run', 'steady', '--quota-backend-bytes', '4096'],
      "--quota-backend-bytes should be a whole number from 1048576 to 8589934592, got '4096'",
    ],
    [
      'a duration without a unit',
      ['run', 'soak', '--duration', '90'],
      "--duration should be like 90s, 30m or 4h, from 14s to 24h, got '90'",
    ],
    [
      'a duration that is too short for a schedule',
      ['run', 'steady', '--duration', '5s'],
      "from 14s to 24h, got '5s'",
    ],
    ['all and some', ['run', 'steady', '--all'], '--all should be given without scenarios, got steady'],
    [
      'a shard that is none',
      ['run', '--all', '--seed', '1', '--shard', '3/2'],
      "--shard should be like 2/4, the second of four parts, got '3/2'",
    ],
    [
      'a shard of a matrix without a seed',
      ['run', '--all', '--shard', '1/2'],
      '--shard needs --seed, the same for every part, got none',
    ],
    [
      'more parts than there is to divide',
      ['run', 'steady', '--seed', '1', '--shard', '1/4'],
      '--shard should be of at most 3 parts, as there is nothing more to divide, got 4',
    ],
    ['nothing to merge', ['merge', '/nowhere', '--out', '/nowhere/else'], 'no such file or directory'],
    [
      'no entry between snapshots',
      ['run', 'steady', '--snapshot-count', '0'],
      "--snapshot-count should be a whole number from 1 to 10000000, got '0'",
    ],
    [
      'an unreachable database',
      ['run', '--database-url', 'postgres://u:secret@127.0.0.1:1/d'],
      '127.0.0.1:1',
    ],
    [
      'a database URL that is none',
      ['run', '--database-url', 'mysql:/x'],
      'the database URL should look like postgres://',
    ],
    [
      'an unknown model',
      ['check', 'x.jsonl', '--model', 'registre'],
      "unknown model 'registre'; did you mean register?",
    ],
    [
      'an unknown checker',
      ['check', 'x.jsonl', '--checker', 'progress,stalenes'],
      "unknown checker 'stalenes'; did you mean staleness?",
    ],
    ['a conversion to nothing', ['convert', 'x.jsonl'], '--to should be one of jsonl, edn, porcupine'],
    [
      'a conversion onto itself',
      ['convert', 'x.jsonl', '--to', 'edn', '--out', 'x.jsonl'],
      '--out should be another file than x.jsonl',
    ],
    ['a history to convert that is not there', ['convert', 'nowhere.jsonl', '--to', 'edn'], 'nowhere.jsonl'],
    ['a history that is not there', ['check', 'nowhere.jsonl'], 'nowhere.jsonl'],
    ['a result that is not there', ['report', 'nowhere.json'], 'nowhere.json should be a result.json'],
    [
      'a port that is none',
      ['toxiproxy', '--port', '70000'],
      "--port should be a whole number from 0 to 65535, got '70000'",
    ],
    [
      'an unknown cache policy',
      ['cache', '--policy', 'lru,refresh-ahed', '--size', '10', 'nowhere'],
      "unknown cache policy 'refresh-ahed'; did you mean refresh-ahead?",
    ],
    [
      'a cache of size 0',
      ['cache', '--size', '0', 'nowhere'],
      "--size should be a whole number from 1 to 10000000, got '0'",
    ],
    ['a cache without a size', ['cache', 'nowhere'], '--size should be a whole number from 1 to 10000000'],
    [
      'a TTL that is no number',
      ['cache', '--size', '1', '--ttl', '5s', 'nowhere'],
      "--ttl should be a whole number from 1 to 9007199254740991, got '5s'",
    ],
    [
      'a trace that is not there',
      ['cache', '--size', '1', 'nowhere'],
      'the trace nowhere should be a text file with one key a line, but there is no such file',
    ],
    ['a trace that is a folder', ['cache', '--size', '1', '.'], 'but it is a folder'],
    ['a cache command without a trace', ['cache', '--size', '1'], "missing required argument 'trace-file'"],
    ['an output folder without a name', ['run', 'steady', '--out', ''], "--out should name a folder, got ''"],
    [
      'an etcd that is not there',
      ['run', 'steady', '--etcd', '/nowhere/etcd'],
      '--etcd (/nowhere/etcd): there is no',
    ],
    [
      'a version that is none',
      ['run', 'steady', '--etcd-version', 'new'],
      '--etcd-version should look like v3.6.5',
    ],
    [
      'a schedule that is not there',
      ['run', 'mixed', '--schedule', 'nowhere.json'],
      "nowhere.json should be a schedule's file, got ENOENT",
    ],
    [
      'a schedule for several scenarios',
      ['run', 'mixed', 'steady', '--schedule', 'nowhere.json'],
      '--schedule is for one scenario, got 2',
    ],
    ['an unknown command', ['rum'], "unknown command 'rum'"],
    ['an unknown option', ['run', '--sede', '1'], "unknown option '--sede'"],
  ];

  test.each(table)('%s', async (_, args, message) => {
    const out = args[0] === 'run' && !args.includes('--out') ? ['--out', join(folder, 'out')] : [];
    const ended = await faultline([...args, ...out]);
    expect(ended.stderr).toContain(message);
    expect(ended.stderr).not.toContain('secret');
    expect(ended.stderr).not.toMatch(/^\s+at /m);
    expect(ended.stdout).toBe('');
    expect(ended.code).toBe(64);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  test('a history line that is no JSON names the file and the line', async () => {
    const file = join(folder, 'broken.jsonl');
    const line = '{"process":0,"type":"invoke","f":"read","value":null,"time":1}';
    await writeFile(file, `${line}\nnot json\n${line}\n`);
    const ended = await faultline(['check', file]);
    expect(ended.stderr).toMatch(/broken\.jsonl.*2/);
    expect(ended.code).toBe(64);
  });

  test('a port in use', async () => {
    const port = await freePort();
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(port, '127.0.0.1', resolve));
    try {
      const ended = await faultline(['toxiproxy', '--port', String(port)]);
      expect(ended.stderr).toContain(`--port ${port} on 127.0.0.1 should be free, got EADDRINUSE`);
      expect(ended.code).toBe(64);
    } finally {
      holder.close();
    }
  });

  test('an output folder that cannot be written', async () => {
    // A file in the way refuses root too, whom permissions do not stop.
    const file = join(folder, 'file');
    await writeFile(file, '');
    await chmod(file, 0o444);
    const ended = await faultline(['run', 'steady', '--out', join(file, 'out')]);
    expect(ended.stderr).toContain('should be writable');
    expect(ended.code).toBe(64);
    expect((await faultline(['run', 'steady', '--out', file])).stderr).toContain(
      'should be writable, got a file',
    );
  });

  test.runIf(existsSync('/proc/self'))('a file system that has no folders to give', async () => {
    const ended = await faultline(['run', 'steady', '--out', '/proc/nowhere/out']);
    expect(ended.stderr).toContain('/proc/nowhere/out should be writable, got ENOENT');
    expect(ended.code).toBe(64);
  });
});

describe('what needs no cluster', () => {
  test('--dry-run prints the plan and starts nothing', async () => {
    const ended = await faultline([
      'run',
      'leader-partition',
      '--profile',
      'standard',
      '--seed',
      '7',
      '--dry-run',
    ]);
    expect(ended.stdout).toMatch(/leader-partition │ 15.00 s │ 17.50 s │ isolate-leader │ flavour blackhole/);
    expect(ended.stdout).toContain('3 cells, profile standard, seed 7; nothing was started');
    expect(ended.code).toBe(0);
  });

  test('--dry-run --json prints the plan for programs; what is named twice is done once', async () => {
    const ended = await faultline([
      ...['run', 'leader-partition', 'leader-partition', '--strategy', 'write-behind,write-behind'],
      ...['--seed', '7', '--dry-run', '--json'],
    ]);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      profile: 'quick',
      seed: 7,
      cells: [
        {
          scenario: 'leader-partition',
          strategy: 'write-behind',
          members: 3,
          faults: [
            { nemesis: 'isolate-leader', atMs: 3_000, forMs: 3_500, options: { flavour: 'blackhole' } },
          ],
        },
      ],
    });
    expect(ended.code).toBe(0);
  });

  test('a schedule drawn from a seed is the same each time, and another from another seed', async () => {
    const drawn = async (seed: string) =>
      (await faultline(['run', 'mixed', '--seed', seed, '--dry-run', '--json'])).stdout;
    const [first, again, other] = await Promise.all([drawn('4'), drawn('4'), drawn('5')]);
    expect(again).toBe(first);
    expect(JSON.parse(other!).cells[0].faults).not.toEqual(JSON.parse(first!).cells[0].faults);
  });

  test('--schedule takes a file in place of the scenario and its seed, and refuses steps past the load', async () => {
    const file = join(folder, 'schedule.json');
    const step = {
      atMs: 1_000,
      forMs: 500,
      nemesis: 'one-way',
      options: { direction: 'to-leader', flavour: 'hold' },
    };
    await writeFile(file, JSON.stringify({ schemaVersion: 1, seed: 77, steps: [step] }));
    const late = join(folder, 'late.json');
    await writeFile(late, JSON.stringify({ schemaVersion: 1, steps: [step, { ...step, atMs: 13_700 }] }));
    const dryRun = (of: string, ...more: string[]) =>
      faultline(['run', 'steady', '--schedule', of, '--dry-run', '--json', ...more]);
    const [drawn, seeded, refused] = await Promise.all([
      dryRun(file),
      dryRun(file, '--seed', '3'),
      dryRun(late),
    ]);
    expect(JSON.parse(drawn.stdout)).toMatchObject({ seed: 77, cells: [{ faults: [step] }, {}, {}] });
    expect(JSON.parse(seeded.stdout).seed).toBe(3);
    expect(refused.stderr).toContain(
      'steps/1 should end within the 14000 ms of load of profile quick, got 13700 + 500 ms',
    );
    expect(refused.code).toBe(64);
  });

  test("a schedule's file that names its cell is run in it, and what is told has the last word", async () => {
    const file = join(folder, 'alone.json');
    const cell = {
      scenario: 'mixed',
      strategy: 'write-behind-naive',
      profile: 'standard',
      members: 5,
      instances: 1,
      ratePerSecond: 50,
      loadMs: 7_000,
    };
    await writeFile(file, JSON.stringify({ schemaVersion: 1, seed: 7, cell, steps: [] }));
    const dryRun = (...more: string[]) =>
      faultline(['run', '--schedule', file, '--dry-run', '--json', ...more]);
    const [alone, told, elsewhere] = await Promise.all([
      dryRun(),
      dryRun('--members', '3', '--strategy', 'write-behind', '--profile', 'quick'),
      faultline(['run', 'steady', '--schedule', file, '--dry-run', '--json']),
    ]);
    expect(JSON.parse(alone.stdout)).toEqual({
      profile: 'standard',
      seed: 7,
      cells: [
        {
          scenario: 'mixed',
          strategy: 'write-behind-naive',
          members: 5,
          instances: 1,
          ratePerSecond: 50,
          loadMs: 7_000,
          faults: [],
        },
      ],
    });
    expect(JSON.parse(told.stdout).cells).toMatchObject([
      { strategy: 'write-behind', members: 3, instances: 1, loadMs: 14_000 },
    ]);
    // A scenario that is named takes the faults alone.
    expect(JSON.parse(elsewhere.stdout).cells).toHaveLength(3);
  });

  test("a database that is somebody else's is struck neither by a draw nor by a schedule", async () => {
    const file = join(folder, 'database.json');
    const step = { atMs: 1_000, forMs: 500, nemesis: 'kill-database' };
    await writeFile(file, JSON.stringify({ schemaVersion: 1, steps: [step] }));
    const url = ['--database-url', 'postgres://127.0.0.1:1/d'];
    // A nightly schedule draws dozens of faults, so that every choice is among them.
    const long = ['run', 'mixed', '--seed', '1', '--profile', 'nightly', '--dry-run'];
    const [own, others, refused] = await Promise.all([
      faultline(long),
      faultline([...long, ...url]),
      faultline(['run', 'mixed', '--schedule', file, ...url, '--dry-run']),
    ]);
    expect(own.stdout).toMatch(/kill-database|lock-tables|exhaust-connections/);
    expect(others.stdout).not.toMatch(/kill-database|lock-tables|exhaust-connections|place replication/);
    expect(refused.stderr).toContain('mixed strikes the database (kill-database)');
    expect(refused.code).toBe(64);
  });

  test('a comparison runs in rounds, each beginning with another strategy', async () => {
    const ended = await faultline(['run', 'cache-comparison', '--dry-run']);
    const order = [...ended.stdout.matchAll(/ cache-comparison +│ cache-([a-z-]+) /g)].map(
      ([, name]) => name,
    );
    expect(order.slice(0, 5)).toEqual(['noop', 'lru', 'read-write-through', 'refresh-ahead', 'lru']);
    expect(ended.stdout).toContain('12 cells');
    expect((await faultline(['run', '--dry-run'])).stdout).not.toContain('cache-comparison');
  });

  test('list names every family', async () => {
    const ended = await faultline(['list', '--json']);
    const listed = JSON.parse(ended.stdout) as Record<string, { name: string; summary: string }[]>;
    expect(Object.keys(listed)).toEqual([
      'scenarios',
      'strategies',
      'variants',
      'nemeses',
      'checkers',
      'models',
      'profiles',
    ]);
    for (const family of Object.values(listed)) {
      expect(family.length).toBeGreaterThan(0);
      for (const { name, summary } of family) expect(`${name}: ${summary}`).toMatch(/^[\w-]+: \S+/);
    }
    expect(listed.scenarios!.map((s) => s.name)).toEqual([
      'steady',
      'leader-partition',
      'minority-partition',
      'peer-latency',
      'instance-kill',
      'instance-pause',
      'mixed',
      'transactions',
      'one-key',
      'lease-expiry',
      'leader-election',
      'split-brain',
      'replica-lag',
      'conditional-updates',
      'session-stability',
      'graded-reads',
      'write-behind-crash',
      'edge-site',
      'configuration-push',
      'cache-comparison',
      'watch-lag',
      'etcd-exploration',
      'smoke',
      'soak',
      'write-serialisation',
    ]);
  });

  describe('cache', () => {
    // Two hits for whoever forgets the least recently used, three for who knows what comes.
    const trace = ['a', 'b', 'c', 'a', 'b', 'a', 'c', 'a'];
    let file: string;
    beforeAll(async () => {
      file = join(folder, 'trace');
      await writeFile(file, `${trace.join('\n')}\n`);
    });

    test('--json: a line for each policy in the order in which they were named, then OPT', async () => {
      const ended = await faultline([
        'cache',
        '--policy',
        'refresh-ahead,lru',
        '--size',
        '2',
        '--json',
        file,
      ]);
      const rows = ended.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(rows.map((row) => [row.policy, row.references, row.hits, row.hitRate])).toEqual([
        ['refresh-ahead', 8, 2, 0.25],
        ['lru', 8, 2, 0.25],
        ['OPT', 8, 3, 0.375],
      ]);
      expect(ended.code).toBe(0);
    });

    test('a life for the entries tells refresh-ahead from lru', async () => {
      const long = join(folder, 'long');
      await writeFile(long, 'a\n'.repeat(100));
      const ended = await faultline([
        'cache',
        '--policy',
        'lru,refresh-ahead',
        '--size',
        '2',
        '--ttl',
        '10',
        long,
      ]);
      const rates = [...ended.stdout.matchAll(/(lru|refresh-ahead|OPT) +│ +([\d.]+) %/g)].map((m) => [
        m[1],
        m[2],
      ]);
      expect(rates).toEqual([
        ['lru', '90.00'],
        ['refresh-ahead', '99.00'],
        ['OPT', '99.00'],
      ]);
      expect(ended.stdout).toContain('100 accesses, 2 entries, entries live for 10 accesses');
    });

    test('every policy, when none is named', async () => {
      const ended = await faultline(['cache', '--size', '2', file]);
      for (const name of ['noop', 'lru', 'read-write-through', 'refresh-ahead', 'OPT'])
        expect(ended.stdout).toContain(`│ ${name} `);
    });
  });

  test('check gives the worst exit code of all files, one line of JSON each', async () => {
    const good = join(folder, 'good.jsonl');
    const bad = join(folder, 'bad.jsonl');
    const write =
      '{"process":0,"type":"invoke","f":"write","value":1,"time":1}\n{"process":0,"type":"ok","f":"write","value":1,"time":2}\n';
    const read = (v: unknown) =>
      `{"process":1,"type":"invoke","f":"read","value":null,"time":3}\n{"process":1,"type":"ok","f":"read","value":${v},"time":4}\n`;
    await writeFile(good, write + read(1));
    await writeFile(bad, write + read(2));
    const ended = await faultline(['check', bad, good, '--json']);
    const verdicts = ended.stdout
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l) as Record<string, unknown>);
    expect(verdicts.map((v) => [v.file, v.valid, v.operations])).toEqual([
      [bad, false, 2],
      [good, true, 2],
    ]);
    expect(ended.code).toBe(1);
    expect((await faultline(['check', good])).code).toBe(0);

    // A file that cannot be read has its line too, and the others keep theirs.
    const broken = join(folder, 'unreadable.jsonl');
    await writeFile(broken, 'not json\n');
    const mixed = await faultline(['check', broken, good, '--checker', 'linearizability,progress', '--json']);
    const lines = mixed.stdout
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l) as Record<string, unknown>);
    expect(lines.map((v) => [v.file, v.checker, v.valid])).toEqual([
      [broken, undefined, 'unknown'],
      [good, 'linearizability', true],
      [good, 'progress', 'unknown'],
    ]);
    expect(lines[0]!.error).toMatch(/unreadable\.jsonl:1: is no JSON/);
    expect(mixed.stderr).toContain('unreadable.jsonl:1: is no JSON');
    expect(mixed.code).toBe(64);
  });
});
