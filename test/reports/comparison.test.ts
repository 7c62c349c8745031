import { describe, expect, test } from 'vitest';
import type { Result } from '../../harness/result.ts';
import { renderHtml } from '../../reports/html/page.ts';
import { renderMarkdown } from '../../reports/markdown.ts';
import { renderTerminal } from '../../reports/terminal.ts';
import { fixture } from './fixture.ts';

const result: Result = fixture();
const lineOf = (text: string, name: string) =>
  text.split('\n').find((line) => line.trimStart().startsWith(name))!;

describe('a comparison', () => {
  test('on a terminal: medians, and what was published beside them', () => {
    const text = renderTerminal(result, { columns: 110, color: false });
    expect(lineOf(text, 'cached').trim().split(/ {2,}/)).toEqual([
      ...['cached', '1.3', '10', '90.0%', '40', '−360', '0.100'],
      ...['15.1', '93.7%', '+1,800'],
    ]);
    expect(lineOf(text, 'none').trim().split(/ {2,}/).slice(0, 7)).toEqual([
      ...['none', '4.1', '33', '0%', '400', '–', '1.000'],
    ]);
    expect(text).toContain('Medians of 3 of 3 rounds. Over baseline');
    expect(text).toContain('· cached has the best hit rate of the 2');
  });

  test('what was published goes first where there is no room, the conclusion never', () => {
    const text = renderTerminal(result, { columns: 70, color: false });
    expect(lineOf(text, 'cached')).not.toContain('15.1');
    expect(text).not.toContain('somebody else');
    expect(text).toContain('has the best hit rate');
  });

  test('in Markdown: each with the least and the most', () => {
    const row = renderMarkdown(result)
      .split('\n')
      .find((line) => line.startsWith('| cached |'))!;
    expect(row).toContain('| 1.3 (1.2…1.4) |');
    expect(row).toContain('| 15.1 |');
  });

  test('on the page: the same', () => {
    const page = renderHtml(result);
    expect(page).toContain('1.3<br><span class="dim">1.2…1.4</span>');
    expect(page).toContain('<span class="dim">+1,800</span>');
    expect(page).toContain('somebody else');
  });

  test('a round is told beside the name of its strategy', () => {
    const [cell, ...others] = result.cells;
    const rounds: Result = { ...result, cells: [{ ...cell!, round: 1 }, { ...cell!, round: 2 }, ...others] };
    expect(renderTerminal(rounds)).toContain(`${cell!.strategy} #2`);
    expect(renderMarkdown(rounds)).toContain(`${cell!.strategy} \\#2`);
    expect(renderHtml(rounds)).toContain(`${cell!.strategy} #2`);
  });
});
