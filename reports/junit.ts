import type { Cell, Manifest, PromiseState, Result } from '../harness/result.ts';
import { strategyIn } from './digest.ts';
import { type Finding, findingsOf } from './finding.ts';
import { cellState, promiseState } from './verdict.ts';

/**
 * junit.xml: a suite for each cell, a test case for each promise. broken is a failure. unknown is an error, not
 * `skipped`, since every reader shows skipped tests as harmless; so is a run that was cut short.
 */
export function renderJunit(result: Result): string {
  const suites = result.cells.map((cell) => suite(cell, result.manifest));
  if (result.manifest.interrupted)
    suites.push({
      name: 'run',
      seconds: 0,
      cases: [
        {
          class: 'run',
          name: 'the run was carried to its end',
          problem: { kind: 'error', message: 'the run was cut short', detail: result.manifest.command },
        },
      ],
    });
  for (const row of result.saturation ?? [])
    suites.push({
      name: `saturation.${row.strategy}.${row.connections}`,
      seconds: row.seconds,
      cases: [
        {
          class: `saturation.${row.strategy}`,
          name: `promises under ${row.connections} connections`,
          ...problemOf(row.state, row.reason),
        },
      ],
    });
  for (const { scenario, state, reason } of result.measurements ?? [])
    suites.push({
      name: `measurement.${scenario}`,
      seconds: 0,
      cases: [
        {
          class: `measurement.${scenario}`,
          name: 'what should hold did',
          ...problemOf(state, reason),
        },
      ],
    });
  // A file without a case would be green everywhere.
  if (suites.length === 0)
    suites.push({
      name: 'run',
      seconds: 0,
      cases: [
        {
          class: 'run',
          name: 'something was judged',
          problem: { kind: 'error', message: 'unknown: nothing was judged', detail: result.manifest.command },
        },
      ],
    });
  const seconds = (Date.parse(result.manifest.finishedAt) - Date.parse(result.manifest.startedAt)) / 1000;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="faultline" ${totals(suites.flatMap((one) => one.cases))} time="${time(seconds)}">`,
    ...suites.flatMap((one) => [
      `  <testsuite name="${escaped(one.name)}" ${totals(one.cases)} skipped="0" time="${time(one.seconds)}" timestamp="${escaped(result.manifest.startedAt)}">`,
      ...one.cases.map(caseXml),
      '  </testsuite>',
    ]),
    '</testsuites>',
    '',
  ].join('\n');
}

interface Suite {
  readonly name: string;
  readonly seconds: number;
  readonly cases: readonly Case[];
}

interface Case {
  readonly class: string;
  readonly name: string;
  readonly problem?: {
    readonly kind: 'failure' | 'error';
    readonly message: string;
    readonly detail: string;
  };
}

function problemOf(state: PromiseState, reason: string | undefined): Pick<Case, 'problem'> {
  if (state === 'kept') return {};
  const kind = state === 'broken' ? 'failure' : 'error';
  return { problem: { kind, message: `${state}${reason === undefined ? '' : `: ${reason}`}`, detail: '' } };
}

function suite(cell: Cell, manifest: Manifest): Suite {
  const name = `${cell.scenario}.${strategyIn(cell)}`;
  const problems = findingsOf(cell, manifest);
  const cases: Case[] = cell.promises.map((promise) => {
    const finding = problems.find((one) => one.promise === promise);
    return {
      class: name,
      name: promise.text,
      ...(finding === undefined ? {} : { problem: problem(finding) }),
    };
  });
  for (const threshold of cell.thresholds ?? []) {
    const finding = problems.find((one) => one.threshold === threshold);
    cases.push({
      class: name,
      name: `threshold ${threshold.metric} ${threshold.condition}`,
      ...(finding === undefined ? {} : { problem: problem(finding) }),
    });
  }
  const whole = problems.find((one) => one.promise === undefined && one.threshold === undefined);
  if (whole !== undefined) cases.push({ class: name, name: 'the cell as a whole', problem: problem(whole) });
  // A cell without promises still shows that it was run.
  if (cases.length === 0 && cellState(cell) === 'kept')
    cases.push({ class: name, name: 'nothing was promised' });
  const seconds = Math.max(0, ...cell.phases.map((phase) => phase.toMs)) / 1000;
  return { name, seconds, cases };
}

function problem(finding: Finding): NonNullable<Case['problem']> {
  const why = finding.violations[0]?.summary ?? finding.reason ?? 'no reason was given';
  const broken =
    finding.promise === undefined ? finding.state === 'broken' : promiseState(finding.promise) === 'broken';
  return {
    kind: broken ? 'failure' : 'error',
    message: `${finding.state}: ${why}`,
    detail: [...finding.violations.map((violation) => violation.summary), `again: ${finding.command}`].join(
      '\n',
    ),
  };
}

function caseXml(one: Case): string {
  // The stricter readers want a time of each case and a type of each problem.
  const head = `    <testcase classname="${escaped(one.class)}" name="${escaped(one.name)}" time="0.000"`;
  if (one.problem === undefined) return `${head}/>`;
  const { kind, message, detail } = one.problem;
  return `${head}>\n      <${kind} type="${kind === 'failure' ? 'broken' : 'unjudged'}" message="${escaped(message)}">${escaped(detail)}</${kind}>\n    </testcase>`;
}

function totals(cases: readonly Case[]): string {
  const of = (kind: string) => cases.filter((one) => one.problem?.kind === kind).length;
  return `tests="${cases.length}" failures="${of('failure')}" errors="${of('error')}"`;
}

function time(seconds: number): string {
  return Number.isFinite(seconds) ? seconds.toFixed(3) : '0.000';
}

/** XML 1.0 forbids most control characters and lone surrogates even when they are escaped: they are replaced. */
function escaped(text: string): string {
  return (
    text
      .replace(/\p{Surrogate}/gu, '\ufffd')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the forbidden ones
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
      .replace(/"/g, '&quot;')
      .replace(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`)
  );
}
