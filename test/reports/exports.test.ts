import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { exitCodeOf } from '../../harness/cli/exit-code.ts';
import type { Result } from '../../harness/result.ts';
import { cellChartFile } from '../../reports/cell-chart.ts';
import { renderCsv } from '../../reports/csv.ts';
import { renderAnnotations } from '../../reports/github.ts';
import { renderHtml } from '../../reports/html/page.ts';
import { renderJunit } from '../../reports/junit.ts';
import { renderMarkdown } from '../../reports/markdown.ts';
import { renderPrometheus } from '../../reports/prometheus.ts';
import { renderAll, reporterNames } from '../../reports/render.ts';
import { renderTerminal } from '../../reports/terminal.ts';
import { parseResult } from '../../reports/validate.ts';
import { tally } from '../../reports/verdict.ts';
import { fixture } from './fixture.ts';
import { elementsOf } from './markup-check.ts';

test('JUnit: a case for each promise; broken is a failure, unknown and error are errors', () => {
  const elements = elementsOf(renderJunit(fixture()));
  const [root] = elements;
  expect(root!.attributes).toEqual({
    name: 'faultline',
    // 42 promises, a threshold, a cell that broke down as a whole, a measurement, 9 rows of saturation.
    tests: '54',
    failures: '1',
    errors: '2',
    time: '207.750',
  });
  const problems = elements.filter(({ name }) => name === 'failure' || name === 'error');
  expect(problems.map(({ name, attributes }) => [name, attributes.message])).toEqual([
    [
      'failure',
      'broken: k7: 118 was written by process 3 and acknowledged at 4.02 s, but every instance reads 112 at the end, and nothing overwrote 118',
    ],
    [
      'error',
      'error: m2 did not become ready in 10000 ms; its last output was: listen tcp 127.0.0.1:23790: bind: address already in use',
    ],
    ['error', 'unknown: the search ran out of its budget of 60 s on key k3'],
  ]);
  expect(problems[0]!.text).toContain(
    'again: npx faultline run leader-partition --strategy write-behind --profile quick --seed 42',
  );
});

test('a crossed threshold is told wherever a broken promise is', () => {
  const [cell] = fixture().cells;
  const thresholds = [
    { metric: 'read.p99', condition: '<5', value: 9, state: 'broken' as const },
    { metric: 'hitRate', condition: '>0.9', value: null, state: 'unknown' as const, reason: 'not measured' },
    { metric: 'p50', condition: '<50', value: 2, state: 'kept' as const },
  ];
  const { saturation: _, ...rest } = fixture();
  const crossed: Result = { ...rest, cells: [{ ...cell!, thresholds }] };
  expect(tally(crossed).headline).toBe('Broken: 1 of 3 thresholds.');
  expect(exitCodeOf(crossed)).toBe(1);
  expect(exitCodeOf({ ...crossed, cells: [{ ...cell!, thresholds: thresholds.slice(1) }] })).toBe(2);
  expect(exitCodeOf({ ...crossed, cells: [{ ...cell!, thresholds: thresholds.slice(2) }] })).toBe(0);
  expect(renderTerminal(crossed)).toContain('crossed: threshold read.p99 <5');
  expect(renderMarkdown(crossed)).toContain('read.p99 is 9.0');
  expect(renderHtml(crossed)).toContain('read.p99 is 9.0');
  expect(renderAnnotations(crossed)[0]).toContain(
    '::error title=steady · lease-session%3A threshold read.p99',
  );
  expect(renderJunit(crossed)).toContain('<failure type="broken" message="broken: read.p99 is 9.0">');
});

test('annotations: an error for what broke, a warning for what could not be judged', () => {
  expect(renderAnnotations(fixture())).toEqual([
    '::error title=leader-partition · write-behind%3A no acknowledged write is lost (broken)::k7: 118 was written by process 3 and acknowledged at 4.02 s, but every instance reads 112 at the end, and nothing overwrote 118%0Aagain: npx faultline run leader-partition --strategy write-behind --profile quick --seed 42',
    '::error title=peer-latency · lease-session%3A the harness or its environment broke (error)::m2 did not become ready in 10000 ms; its last output was: listen tcp 127.0.0.1:23790: bind: address already in use%0Aagain: npx faultline run peer-latency --strategy lease-session --profile quick --seed 42',
    '::warning title=peer-latency · consistency-routing%3A linearizable reads and writes (unknown)::the search ran out of its budget of 60 s on key k3%0Aagain: npx faultline run peer-latency --strategy consistency-routing --profile quick --seed 42',
  ]);
  const kept: Result = { ...fixture(), cells: fixture().cells.slice(0, 3) };
  expect(renderAnnotations(kept)).toEqual([]);
});

test('Markdown: the verdict first, a row for each cell, every table rectangular', () => {
  const lines = renderMarkdown(fixture()).split('\n');
  expect(lines[0]).toBe('# ❌ Faultline: Broken: 1 of 42 promises.');
  expect(lines).toContain(
    '| leader-partition | write-behind | ❌ broken | 4,269 / 354 / 226 | 2.1 / 9.0 | 2.1 / 900 | 89.1 % | 38 | 420 ms | m1→m3 |',
  );
  let width: number | undefined;
  for (const line of lines) {
    const columns = line.startsWith('|') ? line.replace(/\\\|/g, '').split('|').length : undefined;
    if (columns !== undefined && width !== undefined) expect(columns, line).toBe(width);
    width = columns;
  }
});

/** The rules of junit-10.xsd, which Jenkins and most readers after it hold to: required, then allowed. */
const junitRules: Readonly<Record<string, { required: string[]; allowed: string[]; inside: string[] }>> = {
  testsuites: {
    required: [],
    allowed: ['name', 'time', 'tests', 'failures', 'disabled', 'errors'],
    inside: [''],
  },
  testsuite: {
    required: ['name', 'tests'],
    allowed: 'name tests failures errors time disabled skipped timestamp hostname id package'.split(' '),
    inside: ['testsuites'],
  },
  testcase: {
    required: ['name', 'classname', 'time'],
    allowed: ['name', 'classname', 'time', 'assertions', 'status', 'class', 'file', 'line'],
    inside: ['testsuite'],
  },
  failure: { required: ['type'], allowed: ['type', 'message'], inside: ['testcase'] },
  error: { required: ['type'], allowed: ['type', 'message'], inside: ['testcase'] },
};

test('JUnit holds to the common schema', () => {
  const xml = renderJunit(fixture());
  const open = [''];
  for (const [, close, name, attributes, selfClosed] of xml.matchAll(
    /<(\/?)([a-z]+)((?: [^<>]*?)?)(\/?)>/g,
  )) {
    if (close) {
      expect(open.pop()).toBe(name);
      continue;
    }
    const rules = junitRules[name!]!;
    expect(rules.inside).toContain(open.at(-1));
    const names = [...attributes!.matchAll(/([a-z]+)="[^"]*"/g)].map(([, attribute]) => attribute!);
    expect(rules.allowed).toEqual(expect.arrayContaining(names));
    expect(names).toEqual(expect.arrayContaining(rules.required));
    if (!selfClosed) open.push(name!);
  }
  expect(open).toEqual(['']);
  for (const [, seconds] of xml.matchAll(/ time="([^"]*)"/g)) expect(seconds).toMatch(/^\d+\.\d{3}$/);
  for (const [, n] of xml.matchAll(/ (?:tests|failures|errors|skipped)="([^"]*)"/g))
    expect(n).toMatch(/^\d+$/);
});

test('CSV: a row for each cell and bucket, every row of one width, no name a formula', () => {
  const [cell] = fixture().cells;
  const csv = renderCsv({ ...fixture(), cells: [{ ...cell!, scenario: '=1+1', strategy: 'a "b", c' }] });
  const rows = csv.split('\r\n');
  expect(rows).toHaveLength(cell!.timeline.ok.length + 2);
  expect(rows[0]).toMatch(/^scenario,strategy,round,from_ms,to_ms,ok,fail,info,/);
  expect(rows[1]).toMatch(/^'=1\+1,"a ""b"", c",,0,100,\d+,0,0,/);
  for (const row of rows.slice(1, -1))
    expect(row.replace(/"[^"]*(""[^"]*)*"/g, '').split(',')).toHaveLength(14 + 9);
  expect(rows[0]).toContain(',m1_cpu_cores,m1_memory_mib,');
});

test('Prometheus: each series once, labels escaped', () => {
  const [cell] = fixture().cells;
  const text = renderPrometheus({
    ...fixture(),
    cells: [cell!, cell!, { ...cell!, scenario: 'a"b\\c\nd', strategy: 's' }],
  });
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  for (const line of samples)
    expect(line).toMatch(
      /^faultline_[a-z_]+(\{[a-z]+="(\\.|[^"\\])*"(,[a-z]+="(\\.|[^"\\])*")*\})? [\d.e+-]+$/,
    );
  expect(new Set(samples.map((line) => line.replace(/ \S+$/, ''))).size).toBe(samples.length);
  expect(samples).toContain('faultline_promises{scenario="a\\"b\\\\c\\nd",strategy="s",state="broken"} 0');
});

test('a result of before single operations, percentiles and thresholds were recorded is rendered still', async () => {
  const file = new URL('recorded/before-samples.json', import.meta.url);
  const old = parseResult(await readFile(file, 'utf8'), 'before-samples.json');
  expect(old.cells[0]!.sample).toBeUndefined();
  const rendered = renderAll(old, reporterNames);
  expect(Object.keys(rendered)).toEqual([
    'report.md',
    ...old.cells.map((cell, i) => cellChartFile(cell, i)),
    'report.html',
    'junit.xml',
    'timeline.csv',
    'metrics.prom',
  ]);
  for (const text of Object.values(rendered)) expect(text).toContain('lease-session');
});
