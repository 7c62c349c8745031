import { expect, test } from 'vitest';
import type { Operation } from '../../harness/history/operation.ts';
import type { Cell, Result } from '../../harness/result.ts';
import { renderHtml } from '../../reports/html/page.ts';
import { contradicting, labelOf, violationTimeline } from '../../reports/html/violation-timeline.ts';
import { renderMarkdown } from '../../reports/markdown.ts';
import { parseResult } from '../../reports/validate.ts';
import { fixture } from './fixture.ts';
import { elementsOf } from './markup-check.ts';

const sections = (result: Result) =>
  elementsOf(renderHtml(result)).filter(
    (element) => element.name === 'details' && element.attributes.class?.startsWith('cell'),
  );

test('every tile of the matrix leads to the section of its cell', () => {
  const elements = elementsOf(renderHtml(fixture()));
  const tiles = elements.filter(({ attributes }) => attributes.class?.startsWith('tile '));
  expect(tiles.map(({ attributes }) => [attributes.class, attributes.href])).toEqual([
    ['tile kept', '#cell-steady--lease-session'],
    ['tile kept', '#cell-leader-partition--lease-session'],
    ['tile error', '#cell-peer-latency--lease-session'],
    ['tile kept', '#cell-steady--consistency-routing'],
    ['tile kept', '#cell-leader-partition--consistency-routing'],
    ['tile unknown', '#cell-peer-latency--consistency-routing'],
    ['tile kept', '#cell-steady--write-behind'],
    ['tile broken', '#cell-leader-partition--write-behind'],
    ['tile kept', '#cell-peer-latency--write-behind'],
  ]);
});

test('each fault is told with what injecting and healing it took', () => {
  const cellTexts = renderHtml(fixture()).replaceAll(/(<[^>]*>)+/g, '|');
  expect(cellTexts).toContain(
    '|4.00 s|8.01 s|4.3 ms|1.24 s|m1, the leader, was cut off from m2 and m3 (blackhole)|',
  );
  expect(renderMarkdown(fixture())).toContain(
    '| 4.00 s | 8.01 s | 4.3 ms | 1.24 s | m1, the leader, was cut off from m2 and m3 (blackhole) |',
  );
});

test('what a machine could not do is told in the reports', () => {
  const [cell, ...others] = fixture().cells;
  const skipped = [{ nemesis: 'full-disk', reason: 'mounting needs root' }];
  const result = { ...fixture(), cells: [{ ...cell!, skipped }, ...others] };
  for (const told of [renderHtml(parseResult(JSON.stringify(result), 'result.json')), renderMarkdown(result)])
    expect(told).toContain('full-disk was left out: mounting needs root');
});

test('what was not kept is open; of a run in which all was kept, the first', () => {
  const open = (result: Result) =>
    sections(result)
      .filter(({ attributes }) => 'open' in attributes)
      .map(({ attributes }) => attributes.class);
  expect(open(fixture())).toEqual(['cell broken', 'cell error', 'cell unknown']);
  const kept = { ...fixture(), cells: fixture().cells.filter((cell) => cell.verdict === 'kept') };
  expect(open(kept)).toEqual(['cell kept']);
});

test('the page carries the whole result, which its charts are drawn from', () => {
  const data = elementsOf(renderHtml(fixture())).find(({ attributes }) => attributes.id === 'result')!;
  const carried = parseResult(data.text, 'report.html');
  const { cells } = fixture();
  expect(carried.cells).toHaveLength(cells.length);
  expect(carried.cells[5]!.timeline.ok).toEqual(cells[5]!.timeline.ok);
  expect(carried.cells[5]!.faults).toEqual(cells[5]!.faults);
  expect(carried.cells[5]!.leaders).toEqual(cells[5]!.leaders);
});

test('evidence names the two operations that contradict each other', () => {
  const operation = (of: Partial<Operation>): Operation => ({
    process: 1,
    f: 'read',
    key: 'k',
    value: null,
    outcome: 'ok',
    invokeNs: 0,
    returnNs: 1,
    ...of,
  });
  const old = operation({ f: 'write', value: 1 });
  const newer = operation({ f: 'write', value: 2, invokeNs: 2, returnNs: 3 });
  const read = operation({ process: 2, value: 1, invokeNs: 4, returnNs: 5 });
  expect(contradicting([old, newer, read])).toEqual([newer, read]);
  expect(contradicting([old, read])).toBeNull();
  expect(contradicting([{ ...newer, outcome: 'info' }, read])).toBeNull();
  const later = operation({ process: 2, value: 3, invokeNs: 2, returnNs: 3 });
  expect(contradicting([later, read])).toEqual([later, read]);
});

test('a large matrix has its scenarios down the page', () => {
  const scenarios = ['s1', 's2', 's3', 's4', 'steady'];
  const labels = elementsOf(renderHtml(fixture({ scenarios })))
    .filter(({ attributes }) => attributes.class?.startsWith('axis-label'))
    .map(({ attributes, text }) => `${attributes.class === 'axis-label' ? 'row' : 'column'} ${text}`);
  expect(labels).toEqual([
    'column lease-session',
    'column consistency-routing',
    'column write-behind',
    ...scenarios.map((scenario) => `row ${scenario}`),
  ]);
});

const brokenCell = fixture().cells.find((cell) => cell.verdict === 'broken')!;
const drawn = (cell: Pick<Cell, 'faults' | 'loadStartNs'>) => {
  const elements = elementsOf(violationTimeline(brokenCell.violations[0]!, cell)!.text);
  const number = (name: string, of: (typeof elements)[number]) => Number(of.attributes[name]);
  return {
    elements,
    fault: elements.filter(({ attributes }) => attributes.class === 'fault'),
    bars: elements
      .filter(({ name, attributes }) => name === 'rect' && attributes.class === undefined)
      .map((bar) => [number('x', bar), number('x', bar) + number('width', bar)] as const),
    number,
  };
};

test('evidence keeps the order of its events, and an operation that never returned goes on to the edge', () => {
  const [first, second, open, read] = drawn(brokenCell).bars as [
    readonly [number, number],
    readonly [number, number],
    readonly [number, number],
    readonly [number, number],
  ];
  expect(first[1]).toBeLessThan(second[0]);
  expect(second[1]).toBeLessThan(open[0]);
  expect(open[1]).toBeGreaterThan(read[1]);
});

test('a fault is laid under the evidence only when it is known how the clocks relate', () => {
  expect(drawn({ faults: brokenCell.faults }).fault).toEqual([]);
  const { fault, bars, number } = drawn(brokenCell);
  // Injected at 4.002 s: after the first write had returned, before the second was sent.
  expect(number('x', fault[0]!)).toBeGreaterThan(bars[0]![1]);
  expect(number('x', fault[0]!)).toBeLessThan(bars[1]![0]);
  // The load began 20 s into the history, so the fault was long after all of the evidence.
  expect(drawn({ faults: brokenCell.faults, loadStartNs: 20e9 }).fault).toEqual([]);
});

test.each([
  [{ f: 'write', value: 12, outcome: 'ok' }, 'write 12'],
  [{ f: 'write', value: 12, outcome: 'info' }, 'write 12 (open)'],
  [{ f: 'write', value: 12, outcome: 'fail' }, 'write 12 (failed)'],
  [{ f: 'read', value: 7, outcome: 'ok' }, 'read → 7'],
  [{ f: 'read', value: null, outcome: 'ok' }, 'read → nil'],
  [{ f: 'read', value: undefined, outcome: 'fail' }, 'read (failed)'],
  [{ f: 'cas', value: [5, 6], outcome: 'ok', swapped: true }, 'cas 5 → 6'],
  [{ f: 'cas', value: [5, 6], outcome: 'ok', swapped: false }, 'cas 5 → 6 (lost)'],
  [{ f: 'cas', value: [5, 6], outcome: 'info' }, 'cas 5 → 6 (open)'],
  [{ f: 'delete', value: null, outcome: 'ok' }, 'delete'],
] as const)('%j is told as %s', (operation, label) => {
  expect(labelOf({ process: 1, key: 'k', invokeNs: 0, returnNs: 1, ...operation })).toBe(label);
});
