import { nemesisProcess } from './format.ts';
import type { History, Operation } from './operation.ts';

/**
 * A history as Jepsen writes it: one map a line, in the order of time, with :index.
 *
 *   {:process 3, :type :invoke, :f :write, :value ["k7" 12], :time 1200, :index 0}
 *
 * Where every operation has a key and none is a transaction, values are pairs [key value], as those of
 * jepsen.independent; else a key is beside its value as :key. What Jepsen has no field for (grade, revision, instance, …) is told under our own names, which it
 * passes over. `read-edn.ts` reads what is written here.
 */
export function* ednLines({ operations, faults }: History): Generator<string> {
  const inPairs = operations.every(({ key, f }) => key !== '' && f !== 'txn');
  const events = [
    ...operations.flatMap((operation) => eventsOf(operation, inPairs)),
    ...faults.flatMap(({ nemesis, sentence, targets, fromNs, toNs }): EdnEvent[] => {
      const f = `:process :${nemesisProcess}, :f ${keywordOrText(nemesis)}`;
      const began = `${f}, :type :invoke, :value ${edn(sentence)}, :targets ${edn(targets)}`;
      const healed = Number.isFinite(toNs) ? [{ atNs: toNs, isEnd: 1, fields: `${f}, :type :ok` }] : [];
      return [{ atNs: fromNs, isEnd: 0, fields: began }, ...healed];
    }),
  ];
  // An operation's own two events keep their order even if they are of one time; sort keeps the order of equals.
  events.sort((x, y) => x.atNs - y.atNs || (x.process === y.process ? 0 : x.isEnd - y.isEnd));
  for (const [index, { fields, atNs }] of events.entries())
    yield `{${fields}, :time ${edn(atNs)}, :index ${index}}\n`;
}

interface EdnEvent {
  readonly atNs: number;
  readonly process?: number;
  /** 1 for a completion: of one instant's events sendings come first. */
  readonly isEnd: number;
  readonly fields: string;
}

function eventsOf(operation: Operation, inPairs: boolean): EdnEvent[] {
  const { process, f, key, value, outcome, invokeNs } = operation;
  const head = `:process ${process}, :f :${f}`;
  const told = (what: unknown) =>
    inPairs
      ? `:value [${edn(key)} ${edn(what)}]`
      : // A value that is itself a pair would be read as key and value.
        `${key === '' && !Array.isArray(value) ? '' : `:key ${edn(key)}, `}:value ${edn(what)}`;
  const asks = f !== 'read' && f !== 'dequeue';
  const sent = more(operation, ['dueNs', 'grade', 'instance', 'final']);
  const events: EdnEvent[] = [
    {
      atNs: invokeNs,
      process,
      isEnd: 0,
      fields: `${head}, :type :invoke, ${told(asks ? value : null)}${sent}`,
    },
  ];
  const atNs = outcome === 'info' ? operation.endedNs : operation.returnNs;
  if (atNs !== undefined) {
    const answer = more(operation, ['swapped', 'revision', 'source', 'cache', 'staleMs', 'error']);
    events.push({ atNs, process, isEnd: 1, fields: `${head}, :type :${outcome}, ${told(value)}${answer}` });
  }
  return events;
}

/** In Jepsen's files times have no unit in their names. */
const fieldNames: Partial<Record<keyof Operation, string>> = { dueNs: 'due' };

function more(operation: Operation, names: readonly (keyof Operation)[]): string {
  return names
    .filter((name) => operation[name] !== undefined)
    .map((name) => `, :${fieldNames[name] ?? name} ${edn(operation[name])}`)
    .join('');
}

function keywordOrText(name: string): string {
  return /^[a-zA-Z][\w-]*$/.test(name) ? `:${name}` : edn(name);
}

function edn(value: unknown): string {
  if (value === undefined || value === null) return 'nil';
  // JSON's escapes are EDN's as well.
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(edn).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  return `{${Object.entries(value)
    .map(([name, inner]) => `${edn(name)} ${edn(inner)}`)
    .join(', ')}}`;
}
