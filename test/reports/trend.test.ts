import { describe, expect, test } from 'vitest';
import {
  entriesOf,
  parseTrendStore,
  type Trend,
  type TrendEntry,
  trendsOf as trendsOfStore,
} from '../../harness/measure/trend.ts';
import { noteOn, type TrendNote } from '../../harness/measure/trend-note.ts';
import { trendBenchmark, trendHtml, trendText } from '../../reports/trend.ts';
import { hostile } from './arbitrary-result.ts';
import { fixture } from './fixture.ts';
import { elementsOf } from './markup-check.ts';

const trendsOf = (entries: readonly TrendEntry[], notes: readonly TrendNote[] = []): Trend[] =>
  trendsOfStore({ entries, notes });

const night = (i: number, value: number, more: Partial<TrendEntry> = {}): TrendEntry => ({
  at: `2026-01-${String(i + 1).padStart(2, '0')}T03:00:00.000Z`,
  machine: '2 × CPU',
  profile: 'nightly',
  scenario: 'steady',
  strategy: 'write-behind',
  metric: 'p50',
  value,
  ...more,
});
const nights = Array.from({ length: 24 }, (_, i) => night(i, (i < 12 ? 10 : 14) + (i % 3) * 0.1));

test('what was judged of a run is stored, figure by figure, and what was void is not', () => {
  const entries = entriesOf(fixture());
  expect(new Set(entries.map(({ strategy, scenario }) => `${scenario} ${strategy}`)).size).toBe(7);
  expect(new Set(entries.map(({ metric }) => metric))).toEqual(
    new Set(['promises.broken', 'hitRate', 'dbReadsPerRequest', 'p50', 'p99']),
  );
  expect(parseTrendStore(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))).toEqual({
    entries,
    notes: [],
  });
});

test('nights stand in their order, a run added again counts once, machines apart', () => {
  const [trend, ...others] = trendsOf([...nights].reverse().concat(nights[3]!));
  expect(others).toEqual([]);
  expect(trend!.points.map(({ at }) => at)).toEqual(nights.map(({ at }) => at));
  expect(trend!.changes.map(({ index, state }) => [index, state])).toEqual([[12, 'confirmed']]);
  expect(trendsOf([...nights, night(0, 3, { machine: 'another' })])).toHaveLength(2);
});

test('the terminal shows it within 100 columns, with the change', () => {
  const text = trendText(trendsOf(nights));
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  expect(text).toContain('confirmed: 10 → 14 from 2026-01-13T03:00:00.000Z on (value 13 of 24)');
  expect(text).toMatch(/[▁▂]{12}[▇█]{12}/);
});

test('github-action-benchmark gets the latest, in which less is better', () => {
  const trends = trendsOf([...nights, night(0, 0.9, { metric: 'hitRate' })]);
  expect(JSON.parse(trendBenchmark(trends))).toEqual([
    { name: 'steady · write-behind: p50', unit: 'ms', value: 14.2 },
    { name: 'steady · write-behind: missRate', unit: 'share', value: expect.closeTo(0.1) },
  ]);
});

test('the page has a chart for each series and a line for each change, and names are text', () => {
  const page = elementsOf(trendHtml(trendsOf(nights)));
  expect(page.filter(({ attributes }) => attributes.class === 'trend')).toHaveLength(1);
  expect(page.filter(({ attributes }) => attributes.class === 'change confirmed')).toHaveLength(1);
  for (const name of hostile) {
    const trends = trendsOf([night(0, 1, { scenario: name, strategy: name, metric: name, machine: name })]);
    const names = elementsOf(trendHtml(trends)).map((element) => element.name);
    expect(names.filter((one) => ['img', 'script'].includes(one))).toEqual([]);
    expect(trendText(trends)).not.toMatch(/[^\P{Cc}\n]/u);
  }
});

test('a line that is no entry is named; one that was cut short is left out', () => {
  const line = JSON.stringify(nights[0]);
  expect(() => parseTrendStore(`${line}\n{"at":1}\n`)).toThrow('line 2 should be an entry of a trend');
  expect(() => parseTrendStore('null\n')).toThrow(RangeError);
  expect(parseTrendStore(`${line}\n{"at":"2026`).entries).toHaveLength(1);
});

describe('a note', () => {
  const noted = (asked: string) => trendsOf(nights, [noteOn(trendsOf(nights), asked)]);

  test.each(['2026-01-13', '2026-01-13T03:00:00.000Z', '2026-01-12', '2026-01-15'])(
    'at %s, within two values of a change, says that it is known',
    (run) => {
      const trends = noted(`steady--write-behind:p50:${run}=etcd 3.6.5`);
      expect(trends[0]!.changes).toMatchObject([{ index: 12, known: 'etcd 3.6.5' }]);
      const line = 'confirmed: 10 → 14 from 2026-01-13T03:00:00.000Z on (value 13 of 24), known: etcd 3.6.5';
      expect(trendText(trends)).toContain(line);
      expect(trendText(trends)).not.toContain('note:');
      const page = elementsOf(trendHtml(trends));
      expect(page.filter(({ attributes }) => attributes.class === 'change confirmed known')).toHaveLength(1);
      expect(page.filter(({ attributes }) => attributes.class === 'note')).toHaveLength(1);
      expect(page.some(({ text }) => text.includes(line))).toBe(true);
      expect(JSON.parse(trendBenchmark(trends))[0].extra).toMatch(/^2026-01-1\dT03:00:00.000Z: etcd 3.6.5$/);
    },
  );

  test('elsewhere it stands by itself', () => {
    const trends = noted('steady--write-behind:p50:2026-01-20T03=moved to another rack=2');
    expect(trends[0]!.changes[0]).not.toHaveProperty('known');
    expect(trendText(trends)).toContain(
      'note: moved to another rack=2 (2026-01-20T03:00:00.000Z on (value 20 of 24)',
    );
  });

  test('is a line of the store, and the last on a run counts', () => {
    const first = noteOn(trendsOf(nights), 'steady--write-behind:p50:2026-01-13=one');
    const lines = [...nights, first, { ...first, note: 'another' }];
    const store = parseTrendStore(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    expect(store).toEqual({ entries: nights, notes: [first, { ...first, note: 'another' }] });
    expect(trendsOfStore(store)[0]!.notes).toEqual([{ index: 12, text: 'another' }]);
  });

  test.each([
    ['steady--write-behind:p50:2026-01-13', /should be CELL:METRIC:RUN=TEXT/],
    ['steady--write-behind:p50:2026-01-13= ', /should be CELL:METRIC:RUN=TEXT/],
    ['steady:p50:2026-01-13=x', /the cell in a note .* \(steady--write-behind\), got 'steady'/],
    ['steady--write-behind:p99:2026-01-13=x', /the metric of .* \(p50\), got 'p99'/],
    ['steady--write-behind:p50:2027=x', /the run of .*2026-01-24.*, got '2027'/],
    ['steady--write-behind:p50:2026-01-1=x', /should be one, got '2026-01-1'/],
  ])('%s is refused', (asked, message) => {
    expect(() => noteOn(trendsOf(nights), asked)).toThrow(RangeError);
    expect(() => noteOn(trendsOf(nights), asked)).toThrow(message);
  });

  test('is text wherever it is told', () => {
    for (const text of hostile) {
      const trends = trendsOf(nights, [{ ...nights[3]!, note: text }]);
      const names = elementsOf(trendHtml(trends)).map((element) => element.name);
      expect(names.filter((one) => ['img', 'script'].includes(one))).toEqual([]);
      expect(trendText(trends)).not.toMatch(/[^\P{Cc}\n]/u);
    }
  });
});
