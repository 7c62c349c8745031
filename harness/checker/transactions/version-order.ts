import type { Operation } from '../../history/operation.ts';
import { comparable } from '../values.ts';
import { type Append, isSame, type KeyLog, type ListRead } from './appends.ts';
import { tellRead } from './micro-operation.ts';

/** A VersionOrder is in which order the elements of one list came, as far as it was read. */
export interface VersionOrder {
  readonly log: KeyLog;
  /** By place: who appended it; undefined where nobody did, or only a transaction that failed. */
  readonly appends: readonly (Append | undefined)[];
  /** The reads that fit to the order. Only they say what came before what. */
  readonly reads: readonly ListRead[];
  /** Appends that nobody read although they happened or may have. They come after all that was read, in any order. */
  readonly unread: readonly Append[];
}

/** What is wrong with one list, whoever came before whom. */
export interface Fault {
  readonly name: 'G1a' | 'G1b' | 'incompatible-order' | 'duplicate-elements' | 'garbage-read';
  readonly says: string;
  /** The last is the read that shows it, or whose answer does. */
  readonly transactions: readonly number[];
}

/**
 * Lists only grow at their end, so each read shows the whole past of its list: the longest is the order, and all others
 * have to be its beginnings (Kingsbury and Alvaro, Elle, VLDB 2020).
 */
export function versionOrder(
  log: KeyLog,
  transactions: readonly Operation[],
): { readonly order: VersionOrder; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const longest = log.reads.reduce<ListRead | undefined>(
    (long, read) => (long === undefined || read.list.length > long.list.length ? read : long),
    undefined,
  );
  const list = longest?.list ?? [];
  const twice = duplicate(list);
  if (longest !== undefined && twice !== undefined) {
    faults.push({
      name: 'duplicate-elements',
      says: `${log.key} was read as ${tellRead(list)}, with ${JSON.stringify(twice)} in it twice`,
      transactions: [longest.transaction],
    });
  }
  const reads = log.reads.filter((read) => isBeginning(read.list, list));
  const stray = log.reads.find((read) => !isBeginning(read.list, list));
  if (longest !== undefined && stray !== undefined) {
    faults.push({
      name: 'incompatible-order',
      says: `${log.key} was read as ${tellRead(stray.list)} and as ${tellRead(list)}, of which neither is the beginning of the other`,
      transactions: [longest.transaction, stray.transaction],
    });
  }

  const happened = (append: Append | undefined) =>
    append !== undefined && transactions[append.transaction]!.outcome !== 'fail';
  const all = list.map((element) => log.appends.get(comparable(element)));
  const appends = all.map((append) => (happened(append) ? append : undefined));
  faults.push(...dirtyReads(log, transactions), ...intermediateReads(log, reads, appends));
  const places = new Map<Append, number>();
  for (const [place, append] of appends.entries()) if (append !== undefined) places.set(append, place);
  faults.push(...ownOrders(log, longest, appends, places));
  // Where an element stands twice no place is its own.
  const isUsable = twice === undefined;
  const unread = [...log.appends.values()].filter((append) => happened(append) && !places.has(append));
  return { order: { log, appends, reads: isUsable ? reads : [], unread }, faults };
}

/** Elements that nobody appended, or only a transaction that failed; each is told once, with its first reader. */
function dirtyReads(log: KeyLog, transactions: readonly Operation[]): Fault[] {
  const faults: Fault[] = [];
  const judged = new Set<unknown>();
  // The longest first: others mostly show the same elements.
  const reads = [...log.reads].sort((a, b) => b.list.length - a.list.length);
  const longest = reads[0]?.list ?? [];
  for (const { list } of reads) {
    if (list !== longest && isBeginning(list, longest)) continue;
    for (const element of list) {
      const name = comparable(element);
      if (judged.has(name)) continue;
      judged.add(name);
      const append = log.appends.get(name);
      if (append !== undefined && transactions[append.transaction]!.outcome !== 'fail') continue;
      const reader = log.reads.find((read) => read.list.some((one) => comparable(one) === name))!;
      const shown = `${log.key} was read as ${tellRead(reader.list)}, with ${JSON.stringify(element)} in it`;
      faults.push(
        append === undefined
          ? {
              name: 'garbage-read',
              says: `${shown}, which nobody had appended`,
              transactions: [reader.transaction],
            }
          : {
              name: 'G1a',
              says: `${shown}, whose transaction had failed`,
              transactions: [append.transaction, reader.transaction],
            },
      );
    }
  }
  return faults;
}

/** Reads that end in the middle of what one other transaction appended; each place is told once. */
function intermediateReads(
  log: KeyLog,
  reads: readonly ListRead[],
  appends: readonly (Append | undefined)[],
): Fault[] {
  const faults: Fault[] = [];
  const judged = new Set<number>();
  for (const { others, transaction } of reads) {
    const last = others === 0 ? undefined : appends[others - 1];
    if (last?.later === undefined || last.transaction === transaction || judged.has(others)) continue;
    judged.add(others);
    const { element, later } = last;
    faults.push({
      name: 'G1b',
      says: `${log.key} was read as it ends in ${JSON.stringify(element)}, after which the same transaction appended ${JSON.stringify(later.element)}`,
      transactions: [last.transaction, transaction],
    });
  }
  return faults;
}

/**
 * Elements of one transaction that came in another order than it appended them. That others came between them is a
 * cycle (G0), which the graph shows.
 */
function ownOrders(
  log: KeyLog,
  longest: ListRead | undefined,
  appends: readonly (Append | undefined)[],
  places: ReadonlyMap<Append, number>,
): Fault[] {
  if (longest === undefined) return [];
  for (const [place, append] of appends.entries()) {
    const { earlier } = append ?? {};
    if (append === undefined || earlier === undefined) continue;
    const before = places.get(earlier);
    if (before !== undefined && before < place) continue;
    const [first, second] = [earlier.element, append.element].map((element) => JSON.stringify(element));
    return [
      {
        name: 'incompatible-order',
        says: `one transaction appended ${first} and then ${second} to ${log.key}, which was read as ${tellRead(longest.list)}`,
        transactions: [append.transaction, longest.transaction],
      },
    ];
  }
  return [];
}

function duplicate(list: readonly unknown[]): unknown {
  const seen = new Set<unknown>();
  return list.find((element) => {
    const name = comparable(element);
    if (seen.has(name)) return true;
    seen.add(name);
    return false;
  });
}

function isBeginning(list: readonly unknown[], longest: readonly unknown[]): boolean {
  return list === longest || list.every((element, i) => isSame(element, longest[i]));
}
