import { expect, test } from 'vitest';
import { compareRuns } from '../../harness/measure/run-comparison.ts';
import {
  runComparisonHtml,
  runComparisonMarkdown,
  runComparisonText,
} from '../../reports/render-run-comparison.ts';
import { hostile } from './arbitrary-result.ts';
import { fixture } from './fixture.ts';
import { elementsOf } from './markup-check.ts';

const result = fixture();
const named = (name: string) => ({
  ...result,
  cells: result.cells.slice(0, 1).map((cell) => ({ ...cell, scenario: name, strategy: name })),
});

test('the terminal gets 100 columns at most, and what was gated', () => {
  const text = runComparisonText(compareRuns([result], [result]));
  for (const line of text.split('\n'))
    if (!line.startsWith('!')) expect(line.length).toBeLessThanOrEqual(100);
  expect(text).toContain('promises.broken *');
  expect(text).toContain('Unknown: not all that is gated could be compared.');
});

test('names from anywhere are text in every form of it', () => {
  for (const name of hostile) {
    const comparison = compareRuns([named(name)], [named(name), named('other')]);
    const page = elementsOf(runComparisonHtml(comparison));
    expect(page.some(({ name: element }) => ['img', 'script'].includes(element))).toBe(false);
    expect(runComparisonMarkdown(comparison)).not.toMatch(/<img|:\/\/|(?<!&#64;)@/);
    expect(runComparisonText(comparison)).not.toMatch(/[^\P{Cc}\n]/u);
  }
});
