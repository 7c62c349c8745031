import { readFile } from 'node:fs/promises';
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

/** The banner's lines of what a reader must not take for tested, without their markup. */
function notTested(result: Result): string[] {
  const list = /<ul class="not-tested">(.*?)<\/ul>/s.exec(renderHtml(result))?.[1] ?? '';
  return [...list.matchAll(/<li>(.*?)<\/li>/gs)].map(([, line]) => line!.replaceAll(/<[^>]*>/g, ''));
}

test('the banner tells what was not judged, left out and not run, why, and where', () => {
  const result = fixture();
  const [first, second] = result.cells;
  const skipped = [{ nemesis: 'full-disk', reason: 'mounting needs root' }];
  const names = result.cells.map(({ scenario, strategy }) => `${scenario}--${strategy}`);
  const shard = { shard: 1, ...result.manifest };
  const matrix = { cells: [...names, 'mixed--write-behind'], of: 1, configuration: 'x', shards: [shard] };
  const told = notTested({
    ...result,
    manifest: { ...result.manifest, interrupted: true, matrix },
    cells: [{ ...first!, skipped }, { ...second!, skipped }, ...result.cells.slice(2)],
  });
  expect(told.at(-2)).toBe(
    'steady · lease-session, steady · consistency-routing: full-disk was left out: mounting needs root',
  );
  expect(told.at(-1)).toBe('Not run, since the run was cut short: mixed--write-behind.');
  const error = result.cells.find(({ verdict }) => verdict === 'error')!;
  expect(told[0]).toBe(`${error.scenario} · ${error.strategy}: not judged: ${error.reason}`);
  const page = renderHtml(result);
  expect(page).toMatch(/<ul class="not-tested"><li><a href="#cell-peer-latency--/);
  const ofShard = { ...matrix, of: 2 };
  const manifest = { ...result.manifest, matrix: ofShard };
  expect(notTested({ ...result, manifest }).join()).not.toContain('Not run');
});

test('side by side: promises by state, and the worst share answered in faults', () => {
  const texts = renderHtml(fixture()).replaceAll(/(<[^>]*>)+/g, '|');
  const broken = fixture().cells.find(({ verdict }) => verdict === 'broken')!;
  const of = (state: string) => broken.promises.filter((one) => one.state === state).length;
  expect(texts).toContain(`|✗ |broken|${of('kept')} / ${of('broken')} / ${of('unknown')}|`);
  expect(texts).toContain('|worst ok|in faults|');
});

test('how it was run: generator lag, what was dropped, the cluster, and whose proxies', () => {
  const texts = renderHtml(fixture()).replaceAll(/(<[^>]*>)+/g, '|');
  expect(texts).toMatch(/\|Toxiproxy\|embedded\|each cell\|3 members, 2 instances, \d+ operations\/s/);
  expect(texts).toMatch(
    /The generator sent at worst .* late \(p99 of the worst cell\) and dropped \d+ operations?\./,
  );
});

test('nine cells of a quick run, each with as much as a real one leaves, are a page below 1.5 MB', async () => {
  const file = new URL('recorded/leader-partition.json', import.meta.url);
  const recorded = parseResult(await readFile(file, 'utf8'), 'leader-partition.json');
  const gauges = fixture().cells[0]!.timeline.gauges!;
  const cells = Array.from({ length: 9 }, (_, i): Cell => {
    const cell = recorded.cells[i % 3]!;
    const { sample, timeline, violations } = cell;
    // It was recorded at half of the usual rate, and before processes were read off: 14 of them, two figures each.
    const processes = Array.from({ length: 28 }, (_, g) => ({
      ...gauges[0]!,
      of: `p${g}`,
      values: timeline.ok.map((_, bucket) => (bucket % 2 === 0 ? 0.12345 * g + bucket : null)),
    }));
    const twice = <T>(values: readonly T[]) => values.flatMap((value) => [value, value]);
    return {
      ...cell,
      scenario: `scenario-${Math.floor(i / 3)}`,
      sample: {
        ...sample!,
        ...{ atMs: twice(sample!.atMs), ms: twice(sample!.ms), outcomes: sample!.outcomes.repeat(2) },
      },
      timeline: { ...timeline, gauges: processes },
      // As many as a cell keeps of one promise.
      violations:
        violations.length === 0
          ? []
          : Array.from({ length: 50 }, (_, v) => violations[v % violations.length]!),
    };
  });
  const page = renderHtml({ ...recorded, cells });
  expect(cells.filter(({ violations }) => violations.length === 50)).toHaveLength(6);
  expect(Buffer.byteLength(page)).toBeLessThan(1.5e6);
  expect(Buffer.byteLength(page)).toBeGreaterThan(400_000);
});
