import { Argument, type Command } from 'commander';
import pc from 'picocolors';
import { checkers } from '../checker/list.ts';
import { models } from '../checker/models/list.ts';
import { nemeses } from '../nemesis/list.ts';
import { profiles } from '../scenario.ts';
import type { Parts } from './parts.ts';

interface Listed {
  readonly name: string;
  readonly summary: string;
}

export function addListCommand(program: Command, parts: Parts): void {
  const kinds: Record<string, () => readonly Listed[]> = {
    scenarios: () =>
      [...parts.scenarios, ...parts.measurements].map((s) => ({ name: s.name, summary: s.question })),
    strategies: () => parts.strategies.map((s) => ({ name: s.name, summary: s.summary })),
    variants: () => parts.variants.map((s) => ({ name: s.name, summary: s.summary })),
    nemeses: () => nemeses,
    checkers: () => checkers.map((c) => ({ name: c.name, summary: c.demands })),
    models: () => models,
    profiles: () =>
      Object.values(profiles).map((p) => ({
        name: p.name,
        summary: `${p.loadMs / 1000} s of load a cell, the strategies' times scaled by ${p.timeScale}`,
      })),
  };
  program
    .command('list')
    .description('show the scenarios, strategies, nemeses, checkers, models and profiles')
    .addArgument(new Argument('[kind]', 'only these').choices(Object.keys(kinds)))
    .option('--json', 'as JSON')
    .action((kind: string | undefined, options: { json?: boolean }) => {
      const wanted = Object.entries(kinds).filter(([name]) => kind === undefined || name === kind);
      if (options.json) {
        process.stdout.write(`${JSON.stringify(namesAndSummaries(wanted), null, 2)}\n`);
        return;
      }
      for (const [name, list] of wanted) {
        const rows = list();
        const width = Math.max(...rows.map((row) => row.name.length));
        process.stdout.write(`${pc.bold(name)}\n`);
        for (const row of rows) process.stdout.write(`  ${row.name.padEnd(width)}  ${pc.dim(row.summary)}\n`);
      }
    });
}

/** Nothing but these two of each: a nemesis has functions too. */
function namesAndSummaries(
  kinds: readonly (readonly [string, () => readonly Listed[]])[],
): Record<string, Listed[]> {
  return Object.fromEntries(
    kinds.map(([kind, list]) => [kind, list().map(({ name, summary }) => ({ name, summary }))]),
  );
}
