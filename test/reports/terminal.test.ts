import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { renderTerminal, terminalFor } from '../../reports/terminal.ts';
import { fixture } from './fixture.ts';

const nightly = () => {
  const result = fixture();
  return {
    ...result,
    cells: result.cells.map((cell) => ({
      ...cell,
      load: { ...cell.load, outcomes: { ok: 119_871, fail: 13_422, info: 12_263 } },
    })),
  };
};

test('at 100 columns every figure is on the line of its cell', () => {
  const lines = renderTerminal(fixture(), { columns: 100, color: false }).split('\n');
  const line = lines.find((one) => one.startsWith('  write-behind') && one.includes('broken'))!;
  expect(line.trim().split(/ {2,}/)).toEqual([
    'write-behind',
    '✗ broken',
    '4,269/354/226',
    '2.1/9.0',
    '2.1/900',
    '89.1%',
    '38',
    '420ms',
    'm1→m3',
  ]);
  const failed = lines.find((one) => one.includes('! error'))!;
  expect(failed.trim().split(/ {2,}/)).toEqual([
    'lease-session',
    '! error',
    '–',
    '–',
    '–',
    '–',
    '–',
    '–',
    '–',
  ]);
});

describe.each([
  ['quick', fixture],
  ['nightly', nightly],
])('%s', (_, build) => {
  test.each([200, 100, 90, 80, 60, 45, 40])(
    'no line is wider than %i columns but for what is there to be copied',
    (columns) => {
      const lines = renderTerminal(build(), { columns, color: true }, { html: 'report.html' }).split('\n');
      for (const line of lines.map(stripVTControlCharacters))
        if (!/^ {2}(again|report) /.test(line)) expect(line.length, line).toBeLessThanOrEqual(columns);
    },
  );

  test('100 columns have room for the last column', () => {
    expect(renderTerminal(build(), { columns: 100, color: false })).toContain('leader\n');
  });
});

test('what was not kept is told in words, the worst first, with the command that shows it again', () => {
  const shown = renderTerminal(fixture(), { columns: 100, color: false });
  const told = shown.slice(shown.indexOf('✗ leader-partition'));
  expect(
    told,
  ).toBe(`✗ leader-partition · write-behind: broken promise: no acknowledged write is lost (2 violations in
  912 operations)
  k7: 118 was written by process 3 and acknowledged at 4.02 s, but every instance reads 112 at the
  end, and nothing overwrote 118
  again   npx faultline run leader-partition --strategy write-behind --profile quick --seed 42

! peer-latency · lease-session: the harness or its environment broke
  m2 did not become ready in 10000 ms; its last output was: listen tcp 127.0.0.1:23790: bind:
  address already in use
  again   npx faultline run peer-latency --strategy lease-session --profile quick --seed 42

? peer-latency · consistency-routing: unknown: linearizable reads and writes
  the search ran out of its budget of 60 s on key k3
  again   npx faultline run peer-latency --strategy consistency-routing --profile quick --seed 42

✗ Broken: 1 of 42 promises.
  again   npx faultline run steady leader-partition peer-latency --profile quick --seed 42
`);
});

test('a service that never came back is said to have never recovered', () => {
  const result = fixture();
  const cells = result.cells.map((cell) => ({
    ...cell,
    availability: { ...cell.availability, recoveryMs: null },
  }));
  const lines = renderTerminal({ ...result, cells }, { columns: 100, color: false }).split('\n');
  expect(lines.filter((line) => /\bnever {2}/.test(line))).toHaveLength(5);
});

test('without figures for all kinds together it says whose they are', () => {
  const result = fixture();
  const cells = result.cells.map(({ latency: _, ...cell }) => cell);
  const note = 'p50/p99: of the slowest kind of operation';
  expect(renderTerminal({ ...result, cells }, { columns: 100, color: false })).toContain(note);
  expect(renderTerminal(result, { columns: 100, color: false })).not.toContain(note);
});

describe('colours and width follow the stream and the environment', () => {
  const tty = { isTTY: true, columns: 132 };
  test.each([
    ['a terminal', tty, {}, { columns: 132, color: true }],
    ['a pipe', {}, {}, { columns: 100, color: false }],
    ['a terminal that does not tell its width', { isTTY: true }, {}, { columns: 100, color: true }],
    ['NO_COLOR', tty, { NO_COLOR: '1' }, { columns: 132, color: false }],
    ['an empty NO_COLOR, which does not count', tty, { NO_COLOR: '' }, { columns: 132, color: true }],
    [
      'NO_COLOR against FORCE_COLOR',
      tty,
      { NO_COLOR: '1', FORCE_COLOR: '1' },
      { columns: 132, color: false },
    ],
    ['FORCE_COLOR on a pipe', {}, { FORCE_COLOR: '1' }, { columns: 100, color: true }],
    ['a dumb terminal', tty, { TERM: 'dumb' }, { columns: 132, color: false }],
  ])('%s', (_, stream, environment, terminal) => {
    expect(terminalFor(stream, environment)).toEqual(terminal);
  });

  test('colours change nothing but colours', () => {
    const plain = renderTerminal(fixture(), { columns: 100, color: false });
    const colored = renderTerminal(fixture(), { columns: 100, color: true });
    expect(colored).not.toBe(plain);
    expect(stripVTControlCharacters(colored)).toBe(plain);
  });
});
