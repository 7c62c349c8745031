import { describe, expect, test } from 'vitest';
import type { Measured, Result } from '../../harness/result.ts';
import { renderAnnotations } from '../../reports/github.ts';
import { renderHtml } from '../../reports/html/page.ts';
import { renderJunit } from '../../reports/junit.ts';
import { renderMarkdown } from '../../reports/markdown.ts';
import { renderTerminal } from '../../reports/terminal.ts';
import { tally } from '../../reports/verdict.ts';
import { fixture } from './fixture.ts';

const { measurements, ...rest } = fixture();
const told = measurements![0]!;
/** A run of measurements alone. */
const alone = (more: Partial<Measured> = {}): Result => ({
  ...rest,
  cells: [],
  saturation: [],
  comparisons: [],
  measurements: [{ ...told, ...more }],
});
const lineOf = (text: string, name: string) =>
  text.split('\n').find((line) => line.trimStart().startsWith(name))!;

describe('what was measured', () => {
  test('on a terminal: medians, the note and the conclusion', () => {
    const text = renderTerminal(alone(), { columns: 90, color: false });
    expect(lineOf(text, 'mutex').trim().split(/ {2,}/)).toEqual(['mutex', '0', '0.13']);
    expect(text).toContain('Medians of 5 rounds.');
    expect(text).toContain('· Without serialisation 495 of 500');
  });

  test('on a narrow terminal: the first figures, and never a wrapped line', () => {
    const headings = Array.from({ length: 9 }, (_, i) => `a heading ${i}`);
    const rows = [{ name: 'mutex', figures: headings.map((_, i) => i + 1) }];
    const text = renderTerminal(alone({ headings, rows }), { columns: 60, color: false });
    expect(lineOf(text, 'write-serialisation')).toContain('a heading 0');
    expect(lineOf(text, 'write-serialisation')).not.toContain('a heading 8');
    expect(lineOf(text, 'mutex').length).toBeLessThanOrEqual(60);
  });

  test('in Markdown and on the page: each with the least and the most', () => {
    expect(lineOf(renderMarkdown(alone()), '| mutex')).toBe('| mutex | 0 | 0.13 (0.12…0.19) |');
    const page = renderHtml(alone());
    expect(page).toContain('0.13<br><span class="dim">0.12…0.19</span>');
    expect(page).toContain('100 writes<br>ms');
  });

  test.each([
    ['kept', 'Measured: 1 table, and what should hold did.', 0],
    ['broken', 'Broken: 1 measurement.', 1],
    ['unknown', 'Unknown: 1 measurement could not be judged.', 1],
  ] as const)('%s is the headline, and told to who reads no report', (state, headline, problems) => {
    const result = alone({ state, reason: 'it leaks' });
    expect(tally(result)).toMatchObject({ state, headline });
    expect(renderAnnotations(result)).toHaveLength(problems);
    expect(renderJunit(result).match(/it leaks/g) ?? []).toHaveLength(problems);
    if (problems > 0) expect(renderMarkdown(result)).toContain(`${state}: it leaks`);
  });
});
