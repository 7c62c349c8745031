import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { nemeses } from '../../harness/nemesis/list.ts';
import { effects } from './effects.ts';

test('every nemesis of the list has a test of its effect, and no other', () => {
  expect(Object.keys(effects).sort()).toEqual(nemeses.map(({ name }) => name).sort());
});

describe.each(Object.entries(effects))('%s', (name, [suite, title]) => {
  test(`${suite}.test.ts makes it and has the test that the table names`, async () => {
    const text = await readFile(new URL(`${suite}.test.ts`, import.meta.url), 'utf8');
    const factory = name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    expect(text).toContain(`harness/nemesis/${name}.ts'`);
    // Made with its options, or named in a table that makes it.
    expect(text).toMatch(new RegExp(`${factory}(\\(|, )`));
    const titles = [...text.matchAll(/test(?:\.(?:each|skipIf)\([\s\S]*?\))?\(\s*(['"`])([\s\S]*?)\1,/g)].map(
      (match) => match[2],
    );
    expect(titles.filter((one) => one!.startsWith(title))).toHaveLength(1);
  });

  test('tells in the list what it does, and whom it strikes', () => {
    const { summary } = nemeses.find((nemesis) => nemesis.name === name)!;
    expect(summary).toMatch(/^[a-z].{15,}$/);
  });
});
