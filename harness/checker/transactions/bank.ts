import type { History, Operation } from '../../history/operation.ts';
import { type Checker, unknown, type Verdict, type Violation } from '../checker.ts';
import { tell, wordsFor } from '../words.ts';
import { malformed, stepsOf } from './micro-operation.ts';

export interface BankOptions {
  /** What all accounts hold together. When left out: what was put into all of them at once, or else what is read most. */
  readonly total?: number;
  /** Whether a balance may fall below nothing. False when left out. */
  readonly mayBeNegative?: boolean;
}

/**
 * Demands that transfers between accounts keep the sum: whoever reads all accounts at once finds all the money, and
 * none of them below nothing.
 *
 *   T1: read a 10, read b 0, write a 5, write b 5      T2: read a 5, read b 0
 *
 * Accounts are the keys that transactions write or read a number of. Jepsen's own form is understood too: `transfer`,
 * and `read` with a map of balances.
 */
export function bank(options: BankOptions = {}): Checker {
  return { name: 'bank', check: (history) => check(history, options) };
}

type Balances = ReadonlyMap<string, unknown>;

interface Snapshot {
  readonly read: Operation;
  readonly balances: Balances;
}

const mostOfEach = 20;

function check({ operations, orderedBy }: History, options: BankOptions): Verdict {
  const wrong = malformed(operations);
  if (wrong !== undefined) return unknown(wrong);
  const words = wordsFor(orderedBy);
  const accounts = new Set<string>();
  const snapshots: Snapshot[] = [];
  const writes: { readonly by: Operation; readonly to: Balances }[] = [];
  for (const operation of operations) {
    if (!isOfAccounts(operation)) continue;
    const { read, written } = balancesOf(operation);
    for (const [key, value] of [...read, ...written]) if (value !== null) accounts.add(key);
    if (operation.outcome === 'ok' && read.size > 0) snapshots.push({ read: operation, balances: read });
    if (written.size > 0 && operation.outcome !== 'fail') writes.push({ by: operation, to: written });
  }
  const complete = snapshots.filter(({ balances }) => [...accounts].every((one) => balances.has(one)));
  if (accounts.size === 0 || complete.length === 0) return unknown('nobody read all accounts at once');
  const hasMoved =
    operations.some(({ f, outcome }) => f === 'transfer' && outcome === 'ok') ||
    writes.some(({ by }) => by.outcome === 'ok' && balancesOf(by).read.size > 0);
  const opening = writes.find(({ by, to }) => to.size === accounts.size && balancesOf(by).read.size === 0);
  const opened = writes.reduce(
    (first, { by }) => (by.outcome === 'ok' ? Math.min(first, by.returnNs) : first),
    Number.POSITIVE_INFINITY,
  );
  const total = options.total ?? (opening ? sumOf(opening.to) : mostFrequent(complete));

  const violations: Violation[] = [];
  const told = new Map<string, number>();
  const accuse = (name: string, { read }: Snapshot, says: string, others: readonly Operation[] = []) => {
    const count = (told.get(name) ?? 0) + 1;
    told.set(name, count);
    if (count > mostOfEach) return;
    violations.push({
      checker: 'bank',
      summary: `${name}: ${words.brief(read)}: ${says}`,
      atNs: read.invokeNs,
      operations: [...others, read],
    });
  };
  for (const snapshot of snapshots) {
    const { balances } = snapshot;
    const below = [...balances].find(([, balance]) => typeof balance === 'number' && balance < 0);
    if (below !== undefined && options.mayBeNegative !== true) {
      accuse('negative-value', snapshot, `${below[0]} held ${below[1]}`);
    }
  }
  for (const snapshot of complete) {
    const { read, balances } = snapshot;
    const empty = [...accounts].filter((one) => typeof balances.get(one) !== 'number');
    // Before the accounts are opened there is none.
    if (empty.length === accounts.size && !(opened < read.invokeNs)) continue;
    if (empty.length > 0) {
      accuse('nil-balance', snapshot, `${empty.join(', ')} held ${tell(balances.get(empty[0]!))}`);
      continue;
    }
    const sum = sumOf(balances, accounts);
    if (sum === total) continue;
    const half = halfSeen(balances, writes);
    accuse(
      'wrong-total',
      snapshot,
      `${tellBalances(balances)} are ${sum} together, but there are ${total}${half ? `; it saw one half of ${words.operation(half.by)}: ${half.shown} with it, ${half.hidden} without` : ''}`,
      half && [half.by],
    );
  }
  if (violations.length > 0) return { valid: false, operations: snapshots.length, violations };
  if (!hasMoved) return unknown('no transfer was acknowledged', snapshots.length);
  return { valid: true, operations: snapshots.length };
}

/** Other transactions (of lists) may be in the same history. */
function isOfAccounts({ f, value, outcome }: Operation): boolean {
  if (f === 'txn') {
    return (value as unknown[][]).every(
      ([f, , value]) => f === 'w' || (f === 'r' && (value === null || typeof value === 'number')),
    );
  }
  return (
    f === 'read' && outcome === 'ok' && typeof value === 'object' && value !== null && !Array.isArray(value)
  );
}

/** What it read before it wrote, and what it wrote. */
function balancesOf(operation: Operation): { readonly read: Balances; readonly written: Balances } {
  const written = new Map<string, unknown>();
  if (operation.f !== 'txn') return { read: new Map(Object.entries(operation.value as object)), written };
  const read = new Map<string, unknown>();
  for (const [f, name, value] of stepsOf(operation)) {
    const key = String(name);
    if (f === 'w') written.set(key, value);
    else if (!written.has(key)) read.set(key, value ?? null);
  }
  return { read, written };
}

function sumOf(balances: Balances, accounts: Iterable<string> = balances.keys()): number {
  let sum = 0;
  for (const account of accounts) sum += Number(balances.get(account) ?? 0);
  return sum;
}

function mostFrequent(snapshots: readonly Snapshot[]): number {
  const counts = new Map<number, number>();
  for (const { balances } of snapshots) {
    const sum = sumOf(balances);
    counts.set(sum, (counts.get(sum) ?? 0) + 1);
  }
  return [...counts].reduce((most, one) => (one[1] > most[1] ? one : most))[0];
}

/** A transfer of which the balances show one account as it left it and another as it found it. */
function halfSeen(
  balances: Balances,
  writes: readonly { readonly by: Operation; readonly to: Balances }[],
): { readonly by: Operation; readonly shown: string; readonly hidden: string } | undefined {
  for (const { by, to } of writes) {
    const found = balancesOf(by).read;
    const shown = [...to].find(
      ([key, value]) => balances.get(key) === value && found.get(key) !== value,
    )?.[0];
    const hidden = [...to].find(
      ([key, value]) => balances.get(key) === found.get(key) && found.get(key) !== value,
    )?.[0];
    if (shown !== undefined && hidden !== undefined) return { by, shown, hidden };
  }
  return undefined;
}

function tellBalances(balances: Balances): string {
  return [...balances].map(([key, balance]) => `${key} ${tell(balance)}`).join(', ');
}
