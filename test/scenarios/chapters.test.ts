import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot } from '../../harness/project.ts';
import { profiles } from '../../harness/scenario.ts';
import { planned } from '../../harness/schedule.ts';
import { chapters } from '../../scenarios/chapters.ts';
import { measurements, scenarios } from '../../scenarios/list.ts';
import { strategies, variants } from '../../strategies/list.ts';

const all = [...scenarios, ...measurements];
/** The cells of a Markdown table's rows, each trimmed. */
const rowsOf = (page: string) =>
  page
    .split('\n')
    .filter((line) => /^\| [^-]/.test(line))
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\|\s*|\s*\|$/g, '').trim()));

test('no two scenarios have one name', () => {
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
});

test('every chapter has scenarios, and they exist', () => {
  const wanted = '1 2.1 2.2 2.3 2.4 2.5 3.1 3.2 3.3 4.1 4.2 4.3 4.4 5'.split(' ');
  expect([...new Set(chapters.map(({ chapter }) => chapter))]).toEqual(wanted);
  for (const chapter of chapters) {
    expect(chapter.scenarios.length, chapter.asks).toBeGreaterThan(0);
    for (const name of chapter.scenarios) expect(all.map((one) => one.name)).toContain(name);
  }
});

describe('scenarios/README.md', async () => {
  const page = await readFile(join(projectRoot, 'scenarios', 'README.md'), 'utf8');
  const rows = rowsOf(page);

  test.each(chapters.map((one) => [`${one.chapter}, ${one.asks}`, one] as const))(
    'has the row of chapter %s',
    (_, { chapter, asks, scenarios }) => {
      expect(rows).toContainEqual([chapter, asks, scenarios.map((name) => `\`${name}\``).join(', ')]);
    },
  );

  test.each(all.map((one) => [one.name, one.question] as const))(
    'has %s with its question',
    (name, question) => {
      const row = rows.find(([first]) => first === `\`${name}\``);
      expect(row?.[1]).toBe(question);
    },
  );
});

describe.each(scenarios.map((one) => [one.name, one] as const))('%s', (_, scenario) => {
  test('names strategies that there are', () => {
    const there = [...strategies, ...variants].map(({ name }) => name);
    const plan = scenario.comparison ?? scenario.watching;
    for (const name of plan?.strategies ?? scenario.strategies ?? []) expect(there).toContain(name);
  });

  test.each(Object.values(profiles))('leaves $name time to recover after its last fault', (profile) => {
    const end = Math.max(0, ...planned(scenario, profile, 1).map(({ atMs, forMs }) => atMs + forMs));
    // A condition of watch-lag lasts to the end of the load: what it measures is told by then.
    const recoverMs = scenario.watching ? 0 : profile.recoverMs;
    expect(end + recoverMs).toBeLessThanOrEqual(profile.loadMs);
  });
});
