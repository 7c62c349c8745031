import type { Result } from '../harness/result.ts';
import { strategyIn } from './digest.ts';
import { findings } from './finding.ts';

/**
 * Lines that GitHub Actions turns into annotations when they are printed to its log. A broken promise and a broken
 * environment are errors, what could not be judged is a warning. GitHub shows ten of each, so the worst come first.
 */
export function renderAnnotations(result: Result): string[] {
  const lines = findings(result).map(({ cell, state, what, reason, violations, command }) => {
    const level = state === 'unknown' ? 'warning' : 'error';
    const title = `${cell.scenario} · ${strategyIn(cell)}: ${what} (${state})`;
    const why = violations[0]?.summary ?? reason ?? 'no reason was given';
    return `::${level} title=${property(title)}::${message(`${why}\nagain: ${command}`)}`;
  });
  const others = [
    ...(result.saturation ?? []).map((row) => ({ ...row, name: `saturation · ${row.strategy}` })),
    ...(result.measurements ?? []).map((one) => ({ ...one, name: one.scenario })),
  ];
  for (const { name, state, reason } of others)
    if (state !== 'kept')
      lines.push(
        `::${state === 'broken' ? 'error' : 'warning'} title=${property(`${name}: ${state}`)}::${message(reason ?? 'no reason was given')}`,
      );
  if (result.manifest.interrupted)
    lines.push('::warning title=The run was cut short::What is reported is what there was.');
  return lines;
}

/** The escapes of workflow commands; an unescaped line end would let a name start a command of its own. */
function message(text: string): string {
  return text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

function property(text: string): string {
  return message(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
}
