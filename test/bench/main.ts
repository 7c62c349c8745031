/**
 * npm run bench [name...]: measures parts of Faultline on this machine and writes reports/out/bench.json. Never part
 * of the tests: a figure depends on the machine, a test must not.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import pc from 'picocolors';
import { projectRoot } from '../../harness/project.ts';
import type { Bench, BenchRow } from './bench.ts';

import { bench as cache } from './cache.ts';
import { bench as cachedRead } from './cached-read.ts';
import { bench as checker } from './checker.ts';
import { bench as cluster } from './cluster.ts';
import { bench as database } from './database.ts';
import { bench as docker } from './docker.ts';
import { bench as driver } from './driver.ts';
import { bench as measure } from './measure.ts';
import { bench as partition } from './partition.ts';
import { bench as proxy } from './proxy.ts';
import { bench as reports } from './reports.ts';
import { bench as toxiproxy } from './toxiproxy.ts';
import { bench as transactions } from './transactions.ts';

const benches: readonly Bench[] = [
  cluster,
  partition,
  proxy,
  toxiproxy,
  docker,
  driver,
  checker,
  transactions,
  database,
  measure,
  reports,
  cache,
  cachedRead,
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !benches.some((b) => b.name === name));
if (unknown.length > 0) {
  console.error(`unknown bench ${unknown.join(', ')} (there are: ${benches.map((b) => b.name).join(', ')})`);
  process.exit(64);
}

const all: Record<string, readonly BenchRow[]> = {};
const table = new Table({
  head: ['bench', 'what', 'measured', 'target', ''],
  style: { head: [], border: [] },
});
for (const bench of benches) {
  if (wanted.length > 0 && !wanted.includes(bench.name)) continue;
  process.stderr.write(`${bench.name}…\n`);
  const rows = await bench.run();
  all[bench.name] = rows;
  for (const row of rows) {
    const mark = row.met === undefined ? '' : row.met ? pc.green('met') : pc.red('missed');
    table.push([bench.name, row.what, `${rounded(row.value)} ${row.unit}`, row.target ?? '', mark]);
  }
}
console.log(table.toString());
const out = join(projectRoot, 'reports', 'out');
await mkdir(out, { recursive: true });
await writeFile(
  join(out, 'bench.json'),
  `${JSON.stringify({ node: process.versions.node, cpu: cpus()[0]?.model, cpus: cpus().length, benches: all }, null, 2)}\n`,
);

function rounded(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}
