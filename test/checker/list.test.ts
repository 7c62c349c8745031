import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkers, defaultSettings } from '../../harness/checker/list.ts';
import { projectRoot } from '../../harness/project.ts';

const folder = join(projectRoot, 'test', 'checker');
const suites = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .join('\n');

/** Where it is not the checker's name in camel case. */
const exported: Readonly<Record<string, string>> = { 'staleness-revisions': 'stalenessInRevisions' };

describe.each(checkers)('the checker $name', ({ name, demands, make }) => {
  // A table counts its own rows (table.ts); here it is only seen to that there is one.
  test('has a table of at least six histories that it accepts and six that it rejects', () => {
    const maker = exported[name] ?? name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    const hasTable = new RegExp(`\\btable\\(\\s*${maker}\\b`).test(suites);
    const isCounted = (are: string) => new RegExp(`atLeastSix\\(\\s*'${name}',\\s*'${are}'`).test(suites);
    expect(hasTable || (isCounted('accepted') && isCounted('rejected'))).toBe(true);
  });

  test('is made under its name, and of a history in which nothing happened it says nothing', () => {
    const checker = make(defaultSettings);
    expect(checker.name).toBe(name);
    expect(demands).not.toBe('');
    expect(
      checker.check({ operations: [], faults: [] }, { timeMs: 1_000, maxMemoEntries: 1_000 }),
    ).toMatchObject({ valid: 'unknown', operations: 0, reason: expect.stringMatching(/\w/) });
  });
});
