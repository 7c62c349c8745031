import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkFile } from '../../../harness/check-file.ts';
import { defaultBudget } from '../../../harness/checker/checker.ts';
import { checkers } from '../../../harness/checker/list.ts';
import type { WatchGuaranteeName } from '../../../harness/checker/watch/guarantee.ts';
import { watch } from '../../../harness/checker/watch/watch.ts';
import { encodeOperation } from '../../../harness/history/format.ts';
import { HistoryError } from '../../../harness/history/history-error.ts';
import { readHistory } from '../../../harness/history/read-history.ts';
import { encodeWatchLine, watchLines } from '../../../harness/history/watch-format.ts';
import { ok } from '../build.ts';
import { history } from './build.ts';

const check = (given: Parameters<typeof history>[0], demanded?: readonly WatchGuaranteeName[]) =>
  watch(demanded).check({ operations: [], faults: [], watches: history(given) }, defaultBudget);

describe('the checker of watches', () => {
  test('passes over what the history had nothing to show of, unless it is demanded', () => {
    const given = { log: 'a1 b2', told: 'C0 a1 b2' };
    expect(check(given)).toEqual({ valid: true, operations: 2 });
    expect(check(given, ['ordered', 'unique'])).toEqual({ valid: true, operations: 2 });
    expect(check(given, ['ordered', 'atomic'])).toMatchObject({
      valid: 'unknown',
      reason: expect.stringMatching(/transaction of several events/),
    });
  });

  test('names the guarantee, the watcher and the event', () => {
    expect(check({ log: 'a1 b2', told: 'C0 a1 b2 b2' })).toMatchObject({
      valid: false,
      violations: [
        {
          checker: 'watch',
          key: 'b',
          atNs: 4e6,
          summary: 'w: told the put of "b" at revision 2 again (breaks unique)',
        },
      ],
    });
  });

  test('is unknown without watches, and where nothing was told', () => {
    expect(watch().check({ operations: [], faults: [] }, defaultBudget)).toMatchObject({ valid: 'unknown' });
    expect(check({ log: 'a1', told: 'C1' })).toMatchObject({ valid: 'unknown', operations: 0 });
  });

  test('a violation is told although something else is unknown', () => {
    expect(check({ log: 'a1', told: 'C0 a1 a1' }, ['unique', 'atomic'])).toMatchObject({ valid: false });
  });
});

describe('known issues', () => {
  const findings: [name: string, given: Parameters<typeof history>[0], issue: string, mended: string][] = [
    ['progress ahead', { log: 'a1 b2', told: 'C0 P2 a1 b2' }, '#15220', '3.4.25'],
    ['back in time', { log: 'a1 b2', told: 'C0 a1 b2 a1' }, '#15271', '3.5.8'],
    [
      'a delete at the compaction',
      { log: 'a1 a2x a3', told: 'C3 a3', asked: { startRevision: 2 }, compactions: [2] },
      '#18089',
      '3.4.36',
    ],
    [
      'the past for the future',
      { log: 'a1 a2 a3', told: 'C1 a2 a3', asked: { startRevision: 3 } },
      '#20291',
      '3.5.22',
    ],
    [
      'a slow watch and a compaction',
      { log: 'a1 a2 a3', told: 'C0 a1 a3', compactions: [2] },
      '#17529',
      '3.4.31',
    ],
  ];
  const summaries = (given: Parameters<typeof history>[0], etcdVersion: string) => {
    const verdict = check({ ...given, etcdVersion });
    return verdict.valid === false ? verdict.violations.map(({ summary }) => summary) : [];
  };

  test.each(findings)('%s', (_, given, issue, mended) => {
    const [major, minor, patch] = mended.split('.').map(Number);
    const last = `${major}.${minor}.${patch! - 1}`;
    expect(summaries(given, last)[0]).toMatch(new RegExp(`\\(known: etcd-io/etcd${issue}`));
    for (const version of ['3.3.27', '3.4.23']) expect(summaries(given, version)[0]).toContain(issue);
    for (const version of [mended, '3.6.0', '4.0.0', 'not a version']) {
      expect(summaries(given, version)).not.toEqual([]);
      expect(summaries(given, version).join()).not.toContain('known');
    }
  });

  test('a gap that no compaction explains is nobody’s known issue', () => {
    expect(summaries({ log: 'a1 a2 a3', told: 'C0 a1 a3' }, '3.4.23').join()).not.toContain('known');
  });
});

describe('watch histories on disk', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'watch-history-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const given = history({
    log: 'a1 b1 a2x a3',
    told: 'C0 {a1+} b1+ P1 a2x<1 X3',
    asked: { startRevision: 1, prevKv: true },
    settledTo: 3,
    compactions: [2],
    etcdVersion: '3.4.23',
  });

  const text = [...watchLines(given)].map(encodeWatchLine).join('');

  test('are read as they were written, and among operations', async () => {
    const [alone, among] = ['alone', 'among'].map((name) => join(folder, `${name}.jsonl`));
    await writeFile(alone!, text);
    expect(await readHistory(alone!)).toMatchObject({ operations: [], watches: given });
    await writeFile(among!, encodeOperation(ok.write(1, 0, 1)) + text + encodeOperation(ok.read(1, 2, 3)));
    const read = await readHistory(among!);
    expect(read.operations).toHaveLength(2);
    expect(read.watches).toEqual(given);
  });

  test('a torn last line is read over', async () => {
    const file = join(folder, 'torn.jsonl');
    await writeFile(file, text.slice(0, -9));
    const { settledTo: _, ...rest } = given.watchers[0]!;
    expect((await readHistory(file)).watches?.watchers).toEqual([rest]);
  });

  test('are judged by their name in the list', async () => {
    const [kept, broken] = ['kept', 'broken'].map((name) => join(folder, `${name}.jsonl`));
    const listed = checkers.filter(({ name }) => name === 'watch');
    const written = (told: string) =>
      [...watchLines(history({ log: 'a1 b2', told }))].map(encodeWatchLine).join('');
    await writeFile(kept!, written('C0 a1 b2'));
    await writeFile(broken!, written('C0 b2 a1'));
    expect(await checkFile(kept!, { checkers: listed })).toMatchObject([
      { checker: 'watch', valid: true, operations: 2 },
    ]);
    expect(await checkFile(broken!, { checkers: listed })).toMatchObject([
      { valid: false, violations: [{ checker: 'watch', summary: expect.stringMatching(/breaks ordered/) }] },
    ]);
  });

  test.each([
    ['{"watch":"what"}', /:1: should say by "watch" whether/],
    ['{"watch":"told","name":"w","kind":"progress","revision":1,"atNs":1}', /which no line before it names/],
    ['{"watch":"settled","name":"w","toRevision":1}', /which no line before it names/],
    ['{"watch":"event","revision":1,"key":"a","kind":"poke"}', /put or delete/],
    ['{"watch":"watcher","name":"w"}', /should name name and key/],
    ['{"watch":"log"}', /should name fromRevision, toRevision and compactions/],
    ['{"watch":"watcher","name":"w","key":"a"}', /no line \{"watch":"log"/],
  ])('%s is refused', async (line, message) => {
    const file = join(folder, 'wrong.jsonl');
    await writeFile(file, `${line}\n`);
    const reading = readHistory(file);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toBeInstanceOf(HistoryError);
  });
});
