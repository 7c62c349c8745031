import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cellChart, cellChartFile } from '../../reports/cell-chart.ts';
import { renderMarkdown, renderMarkdownWithCharts } from '../../reports/markdown.ts';
import { renderAll } from '../../reports/render.ts';
import { arbitraryResult, hostile } from './arbitrary-result.ts';
import { fixture } from './fixture.ts';
import { elementsOf } from './markup-check.ts';

const result = fixture();
const faulty = result.cells.find(({ scenario }) => scenario === 'leader-partition')!;
const names = new Set(['svg', 'style', 'rect', 'text', 'tspan', 'g', 'path', 'title']);

describe('the chart of a cell', () => {
  test('is well-formed and draws nothing that is not a number, whatever the cell', () => {
    fc.assert(
      fc.property(arbitraryResult, ({ cells }) => {
        for (const cell of cells) {
          const chart = cellChart(cell);
          if (chart === null) continue;
          for (const { name } of elementsOf(chart))
            if (!names.has(name)) throw new Error(`foreign <${name}>`);
          expect(chart).not.toMatch(/NaN|Infinity|undefined|[^\P{Cc}\n]/u);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('shades each fault and names it, with both latencies and every outcome', () => {
    const elements = elementsOf(cellChart(faulty)!);
    const shaded = elements.filter(({ name, attributes }) => name === 'g' && attributes.class === 'fault');
    expect(shaded.length).toBe(faulty.faults.length);
    const titles = elements.filter(({ name }) => name === 'title').map(({ text }) => text);
    expect(titles[0]).toContain(faulty.faults[0]!.sentence);
    for (const line of ['p50', 'p99', 'area ok', 'area fail'])
      expect(elements.some(({ name, attributes }) => name === 'path' && attributes.class === line)).toBe(
        true,
      );
  });

  test('is small, and hours of load make it no larger', () => {
    const { timeline } = faulty;
    const long = <T>(series: readonly T[]) =>
      Array.from({ length: 5_000 }, (_, i) => series[i % series.length]!);
    const chart = cellChart({
      ...faulty,
      timeline: {
        ...timeline,
        ...{ ok: long(timeline.ok), fail: long(timeline.fail), info: long(timeline.info) },
        ...{ p50Ms: long(timeline.p50Ms), p99Ms: long(timeline.p99Ms) },
      },
    })!;
    expect(cellChart(faulty)!.length).toBeLessThan(30_000);
    expect(chart.length).toBeLessThan(40_000);
  });

  test('there is none without load', () => {
    const { timeline } = faulty;
    expect(cellChart({ ...faulty, timeline: { ...timeline, ok: [], fail: [], info: [] } })).toBeNull();
  });
});

test('report.md shows the charts that are written beside it, a job summary none', () => {
  const rendered = renderAll(result);
  const shown = [...rendered['report.md']!.matchAll(/!\[[^\]]*\]\(([^)]*)\)/g)].map(([, file]) => file!);
  const written = Object.keys(rendered).filter((file) => file.startsWith('charts/'));
  expect(shown).toEqual(written);
  expect(written.length).toBeGreaterThan(5);
  expect(renderMarkdown(result)).not.toContain('](');
  expect(renderMarkdownWithCharts(result)).toBe(rendered['report.md']);
});

test.each(hostile)('a cell called %j leaves its chart in the folder of charts', (name) => {
  const file = cellChartFile({ ...faulty, scenario: name, strategy: `../${name}` }, 0);
  expect(file).toMatch(/^charts\/1-[a-z0-9-]*\.svg$/);
});
