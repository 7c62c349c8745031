/**
 * npm run test-programs [name...]: gets what the suites hold the project against: the real Toxiproxy and etcds of other minor
 * versions (built by Go), other lines of Node (from npm). What is there already is left alone. Bounded: 10 minutes altogether.
 *
 * Exit codes: 0 all are there; 1 something could not be built, each with its reason; 64 wrong usage.
 */
import { setPriority } from 'node:os';
import { build, isBuilt } from './build.ts';
import { pathOf, testPrograms } from './programs.ts';

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !testPrograms.some((program) => program.name === name));
if (unknown.length > 0) {
  console.error(
    `unknown: ${unknown.join(', ')} (there are: ${testPrograms.map(({ name }) => name).join(', ')})`,
  );
  process.exit(64);
}

// Nobody waits for it as long as something else wants the cores; Go's compilers inherit it.
setPriority(10);
const signal = AbortSignal.timeout(600_000);
let missing = 0;
for (const program of testPrograms) {
  if (asked.length > 0 && !asked.includes(program.name)) continue;
  if (await isBuilt(program)) {
    console.log(`${program.name}: ${pathOf(program)}`);
    continue;
  }
  const startedMs = performance.now();
  try {
    await build(program, { signal });
    console.log(
      `${program.name}: ${pathOf(program)} (built in ${Math.round((performance.now() - startedMs) / 1000)} s)`,
    );
  } catch (error) {
    missing += 1;
    console.log(`${program.name}: NOT BUILT, nothing will be tested with it: ${(error as Error).message}`);
  }
}
process.exitCode = missing > 0 ? 1 : 0;
