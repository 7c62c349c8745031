import type { MicroOperation } from '../checker/transactions/micro-operation.ts';
import type { Random } from '../random.ts';
import type {
  ContractAnswer,
  TransactionComparison,
  TransactionContract,
  TransactionStep,
} from '../service/http-contract.ts';
import type { KnownRevisions } from './logical-process.ts';
import type { OperationKind, TransactionWorkload } from './workload.ts';

/**
 * Transactions over several keys, as the workload plans them and as they go out. Each is one request and one operation:
 * what it has to have read is compared in it, and where a comparison does not hold it reads instead of writing.
 *
 *   PlannedTransaction + what is known of its keys --> TransactionAttempt --> PUT /tx --> the steps that happened
 */
export type PlannedTransaction =
  /** Appends to lists, each an element of its own, and reads one more. */
  | {
      readonly kind: 'append';
      readonly appends: readonly { readonly list: string; readonly element: number }[];
      readonly reads: readonly string[];
    }
  | { readonly kind: 'read'; readonly lists: readonly string[] }
  | {
      readonly kind: 'transfer';
      readonly from: string;
      readonly to: string;
      readonly amount: number;
      readonly accounts: readonly string[];
    }
  | { readonly kind: 'balance'; readonly accounts: readonly string[] };

/** What every account holds at first. */
const openingBalance = 100;

/** After so many planned appends a list gives its place to a new one: what is read must stay short. */
const appendsOfList = 24;

/** Many lists at once: of a transaction that is seen in part, both parts have to be read. */
const mostRead = 6;

/** Plans transactions; what it is asked for decides it, and never what was answered. */
export class TransactionPlanner {
  readonly #lists: { generation: number; appends: number }[];
  readonly #accounts: readonly string[];
  readonly #random: Random;

  constructor({ lists, accounts }: TransactionWorkload, random: Random) {
    this.#lists = Array.from({ length: lists }, () => ({ generation: 0, appends: 0 }));
    this.#accounts = Array.from({ length: accounts }, (_, i) => `account${i}`);
    this.#random = random;
  }

  next(kind: OperationKind, element: () => number): PlannedTransaction {
    switch (kind) {
      case 'txn:append': {
        const [first, second, other] = this.#distinct(3, this.#lists.length) as [number, number, number];
        const appended = this.#random.number() < 0.7 ? [first, second] : [first];
        const reads = [this.#name(other)];
        return { kind: 'append', appends: appended.map((list) => this.#append(list, element())), reads };
      }
      case 'txn:read':
        return {
          kind: 'read',
          lists: this.#distinct(Math.min(mostRead, this.#lists.length), this.#lists.length).map((list) =>
            this.#name(list),
          ),
        };
      case 'txn:transfer': {
        const [from, to] = this.#distinct(2, this.#accounts.length) as [number, number];
        const accounts = this.#accounts;
        return {
          kind: 'transfer',
          from: accounts[from]!,
          to: accounts[to]!,
          amount: this.#random.integer(1, 5),
          accounts,
        };
      }
      default:
        return { kind: 'balance', accounts: this.#accounts };
    }
  }

  #name(list: number): string {
    return `list${list}.${this.#lists[list]!.generation}`;
  }

  #append(number: number, element: number): { readonly list: string; readonly element: number } {
    const planned = { list: this.#name(number), element };
    const list = this.#lists[number]!;
    list.appends += 1;
    if (list.appends % appendsOfList === 0) list.generation += 1;
    return planned;
  }

  /** So many different numbers below a limit, in any order. */
  #distinct(count: number, limit: number): number[] {
    const numbers = new Set<number>();
    while (numbers.size < count) numbers.add(this.#random.integer(0, limit - 1));
    return [...numbers];
  }
}

/** A TransactionAttempt is a transaction as it goes out, and what each of its two ends will have been. */
export interface TransactionAttempt {
  readonly request: TransactionContract;
  /** What happens if all comparisons hold. A read whose value is undefined is answered; others were compared. */
  readonly steps: readonly MicroOperation[];
}

/** The keys of which the values have to be known, or they are read instead. */
export function transactionAttempt(planned: PlannedTransaction, known: KnownRevisions): TransactionAttempt {
  switch (planned.kind) {
    case 'append':
      return appendAttempt(planned, known);
    case 'read':
      return readKeys(planned.lists);
    case 'transfer':
      return transferAttempt(planned, known);
    case 'balance':
      return isClosed(planned.accounts, known) ? openAccounts(planned.accounts) : readKeys(planned.accounts);
  }
}

/** Reads keys at one moment. */
export function readKeys(keys: readonly string[]): TransactionAttempt {
  return {
    request: { compare: [], success: keys.map(get), failure: [] },
    steps: keys.map((key) => ['r', key, undefined]),
  };
}

function appendAttempt(
  { appends, reads }: Extract<PlannedTransaction, { kind: 'append' }>,
  known: KnownRevisions,
): TransactionAttempt {
  const lists = appends.map(({ list }) => list);
  if (lists.some((list) => known.get(list) === undefined)) return readKeys([...lists, ...reads]);
  const listOf = (key: string) => (known.get(key)!.value ?? []) as readonly unknown[];
  return {
    request: {
      compare: lists.map((key) => ({
        key,
        target: 'revision',
        result: 'equal',
        value: known.get(key)!.revision,
      })),
      success: [
        ...appends.map(
          ({ list, element }): TransactionStep => ({
            op: 'put',
            key: list,
            value: [...listOf(list), element],
          }),
        ),
        ...reads.map(get),
      ],
      failure: [...lists, ...reads].map(get),
    },
    steps: [
      ...appends.flatMap(({ list, element }): MicroOperation[] => [
        ['r', list, listOf(list)],
        ['append', list, element],
      ]),
      ...reads.map((key): MicroOperation => ['r', key, undefined]),
    ],
  };
}

function transferAttempt(
  { from, to, amount, accounts }: Extract<PlannedTransaction, { kind: 'transfer' }>,
  known: KnownRevisions,
): TransactionAttempt {
  if (isClosed(accounts, known)) return openAccounts(accounts);
  const [left, right] = [known.get(from)?.value, known.get(to)?.value];
  if (typeof left !== 'number' || typeof right !== 'number' || left < amount) return readKeys(accounts);
  const equals = (key: string, value: number): TransactionComparison => ({
    key,
    target: 'value',
    result: 'equal',
    value,
  });
  return {
    request: {
      compare: [equals(from, left), equals(to, right)],
      success: [
        { op: 'put', key: from, value: left - amount },
        { op: 'put', key: to, value: right + amount },
      ],
      failure: [get(from), get(to)],
    },
    steps: [
      ['r', from, left],
      ['r', to, right],
      ['w', from, left - amount],
      ['w', to, right + amount],
    ],
  };
}

/** All at once, and only where there are none: whoever comes second has opened nothing. */
function openAccounts(accounts: readonly string[]): TransactionAttempt {
  return {
    request: {
      compare: accounts.map((key) => ({ key, target: 'version', result: 'equal', value: 0 })),
      success: accounts.map((key) => ({ op: 'put', key, value: openingBalance })),
      failure: accounts.map(get),
    },
    steps: accounts.map((key) => ['w', key, openingBalance]),
  };
}

function isClosed(accounts: readonly string[], known: KnownRevisions): boolean {
  return known.get(accounts[0]!)?.value === null;
}

function get(key: string): TransactionStep {
  return { op: 'get', key };
}

/** As it is asked: what it will read is not known yet. */
export function stepsAsked({ steps }: TransactionAttempt): readonly MicroOperation[] {
  return steps.map((step) => (step[0] === 'r' ? [step[0], step[1], null] : step));
}

export function keysWritten({ request }: TransactionAttempt): string[] {
  return request.success.flatMap((step) => (step.op === 'put' ? [step.key] : []));
}

export interface TransactionEnd {
  /** Whether the comparisons held. */
  readonly succeeded: boolean;
  /** What happened. */
  readonly steps: readonly MicroOperation[];
  /** What is known of each key from now on. */
  readonly learned: readonly {
    readonly key: string;
    readonly value: unknown;
    readonly revision: number | undefined;
  }[];
}

/** What a 200 says; undefined when it does not answer what was asked. */
export function transactionEnd(
  { request, steps }: TransactionAttempt,
  { body }: ContractAnswer,
): TransactionEnd | undefined {
  const { succeeded, results } = body ?? {};
  if (typeof succeeded !== 'boolean' || !Array.isArray(results)) return undefined;
  const asked = succeeded ? request.success : request.failure;
  if (results.length !== asked.length) return undefined;
  const learned: { key: string; value: unknown; revision: number | undefined }[] = [];
  for (const [i, step] of asked.entries()) {
    const { key, value, revision } = (results[i] ?? {}) as Record<string, unknown>;
    if (key !== step.key) return undefined;
    const holds = step.op === 'put' ? step.value : (value ?? null);
    if (!isHeld(holds)) return undefined;
    learned.push({ key, value: holds, revision: holds === null ? 0 : wholeNumber(revision) });
  }
  if (!succeeded) return { succeeded, learned, steps: learned.map(({ key, value }) => ['r', key, value]) };
  // What a put left is the transaction's own doing; a step that is answered is a get.
  const read = new Map(learned.map(({ key, value }) => [key, value]));
  return {
    succeeded,
    learned,
    steps: steps.map((step) =>
      step[0] === 'r' && step[2] === undefined ? [step[0], step[1], read.get(String(step[1]))] : step,
    ),
  };
}

/** A list, a balance, or nothing: all else is an answer to another question. */
function isHeld(value: unknown): boolean {
  return value === null || typeof value === 'number' || Array.isArray(value);
}

function wholeNumber(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}
