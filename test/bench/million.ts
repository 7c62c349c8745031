/**
 * Reads and checks one history in a process of its own, as `faultline check` does, and tells its parent what that took:
 *
 *     node million.js history.jsonl
 */
import { defaultBudget, type Verdict } from '../../harness/checker/checker.ts';
import { linearizability } from '../../harness/checker/linearizability.ts';
import { readHistory } from '../../harness/history/read-history.ts';

export interface Million {
  readonly verdict: Verdict;
  readonly readMs: number;
  readonly checkedMs: number;
  /** Of all threads while it was checked, those of the garbage collector too: other processes hardly matter to it. */
  readonly checkedCpuMs: number;
  /** The most that was ever resident, of program, history and check together, 10^6 bytes. */
  readonly peakMb: number;
}

const [path] = process.argv.slice(2);
if (path === undefined || !process.send) {
  process.stderr.write('usage: node million.js history.jsonl, started by the bench with a message channel\n');
  process.exit(64);
}
const startedAtMs = performance.now();
const history = await readHistory(path);
const readMs = performance.now() - startedAtMs;
const before = process.cpuUsage();
const verdict = linearizability().check(history, defaultBudget);
const checkedMs = performance.now() - startedAtMs - readMs;
const { user, system } = process.cpuUsage(before);
const told: Million = {
  verdict,
  readMs,
  checkedMs,
  checkedCpuMs: (user + system) / 1_000,
  // Kilobytes of 1,024 bytes, whatever the system.
  peakMb: (process.resourceUsage().maxRSS * 1_024) / 1e6,
};
process.send(told, () => process.disconnect());
