import type { Tuning } from '../harness/cluster/tuning.ts';
import type { Matrix, Result } from '../harness/result.ts';

// How figures are told in every report, so that the terminal, the page and the job summary say the same.

/** What stands where there is no figure. */
export const none = '–';

/** A count: 12,345. */
export function count(n: number): string {
  return Math.round(n).toLocaleString('en-US');
}

/** A figure of three digits or so, whatever its size: 0.042, 0.42, 4.2, 42, 4,200. */
export function figure(n: number | null | undefined): string {
  if (n === null || n === undefined || !Number.isFinite(n)) return none;
  const size = Math.abs(n);
  if (size === 0) return '0';
  if (size < 0.1) return n.toPrecision(1);
  if (size < 1) return n.toFixed(2);
  if (size < 9.95) return n.toFixed(1);
  return count(n);
}

/** A length of time with its unit: 0.4 ms, 840 ms, 1.24 s, 3 min 12 s. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return none;
  if (Math.abs(ms) < 999.5) return `${figure(ms)} ms`;
  if (Math.abs(ms) < 9_995) return `${(ms / 1000).toFixed(2)} s`;
  if (Math.abs(ms) < 99_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** A moment on the cell's clock: 4.10 s. */
export function moment(ms: number): string {
  return Number.isFinite(ms) ? `${(ms / 1000).toFixed(2)} s` : 'the end';
}

/** A share in percent, cut and never rounded up: 0.9999 is 99.9 %, since 100 % would claim that none is missing. */
export function share(part: number | null | undefined): string {
  if (part === null || part === undefined || !Number.isFinite(part)) return none;
  if (part > 0 && part < 0.001) return '<0.1 %';
  const percent = Math.floor(part * 1000 + 1e-9) / 10;
  return `${percent === 100 || percent === 0 ? percent : percent.toFixed(1)} %`;
}

/** "1 violation", "3 violations". */
export function counted(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** A value of an operation in few characters: 12, "on", nil. Values may be anything that JSON holds. */
export function valueText(value: unknown, length = 24): string {
  if (value === null) return 'nil';
  if (value === undefined) return '?';
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** Foreign text on one line: line ends, other control characters and lone surrogates become a space. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Surrogate}\u2028\u2029]+/gu, ' ');
}

/** "shard 2 of 4", or "4 shards, merged"; a matrix in one piece says nothing. */
export function matrixText({ of, shards }: Matrix): string | undefined {
  if (of === 1) return undefined;
  return shards.length === 1 ? `shard ${shards[0]!.shard} of ${of}` : `${shards.length} shards, merged`;
}

/** Of a cell that the harness broke at first. */
export function retriedText(reason: string): string {
  return `Tried twice: the harness or its environment broke the first try (${reason}).`;
}

/** "measured load 108 s of 170 s (63 %)"; undefined where no cell tells. */
export function measuredShare({ manifest, cells }: Pick<Result, 'manifest' | 'cells'>): string | undefined {
  const told = cells.flatMap(({ spent }) => (spent ? [spent.measuredMs] : []));
  const shards = manifest.matrix?.shards ?? [manifest];
  const totalMs = shards.reduce(
    (sum, { startedAt, finishedAt }) => sum + Date.parse(finishedAt) - Date.parse(startedAt),
    0,
  );
  if (told.length === 0 || !(totalMs > 0)) return undefined;
  const measuredMs = told.reduce((sum, ms) => sum + ms, 0);
  return `measured load ${duration(measuredMs)} of ${duration(totalMs)} (${share(measuredMs / totalMs)})`;
}

/** "heartbeat 100 ms, election 1.00 s, pre-vote on"; what is not told was as usual. */
export function tuningText(tuning: Tuning): string {
  const { heartbeatMs, electionMs, preVote, snapshotCount, quotaBackendBytes } = tuning;
  const { compactionBatchLimit, snapshotCatchUpEntries } = tuning;
  return [
    ...(heartbeatMs === undefined ? [] : [`heartbeat ${duration(heartbeatMs)}`]),
    ...(electionMs === undefined ? [] : [`election ${duration(electionMs)}`]),
    ...(preVote === undefined ? [] : [`pre-vote ${preVote ? 'on' : 'off'}`]),
    ...(snapshotCount === undefined ? [] : [`a snapshot every ${count(snapshotCount)} entries`]),
    ...(quotaBackendBytes === undefined ? [] : [`quota ${count(quotaBackendBytes)} bytes`]),
    ...(compactionBatchLimit === undefined
      ? []
      : [`compactions by ${count(compactionBatchLimit)} revisions at once`]),
    ...(snapshotCatchUpEntries === undefined
      ? []
      : [`snapshots for who is ${count(snapshotCatchUpEntries)} entries behind (from etcd 3.6 on)`]),
  ].join(', ');
}
