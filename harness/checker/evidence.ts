import type { Operation } from '../history/operation.ts';
import type { Violation } from './checker.ts';
import { isIllegalWithin } from './decide.ts';
import { type KeyHistory, keyHistory, type Step } from './key-history.ts';
import type { Model } from './model.ts';
import { Search } from './search.ts';
import { shrink } from './shrink.ts';
import { deed, inKey, tell, type Words } from './words.ts';
import { type Conflict, decideByZones } from './zones.ts';

/** Of one key that is illegal. */
export interface Illegal {
  readonly model: Model;
  readonly operations: readonly Operation[];
  /** Those of the same key that ended `fail`: sometimes one of them happened after all. */
  readonly failed: readonly Operation[];
  readonly words: Words;
  readonly timeLeftMs: number;
}

/** More operations than that show nothing to a reader. */
const mostShown = 40;
const mostShrinkMs = 1_000;
const stepsPerTrial = 20_000;
/** More operations than that are no sentence. */
const mostTold = 8;

/** The few operations that show why a key is illegal, in words. */
export function explain(illegal: Illegal): Violation {
  const plain = explainByValues(illegal);
  if (plain !== undefined) return plain;
  const { model, operations } = illegal;
  const untilMs = performance.now() + Math.min(mostShrinkMs, illegal.timeLeftMs);
  const few = shrink(
    model,
    operations,
    (some) => isIllegalWithin(model, some, stepsPerTrial),
    () => performance.now() < untilMs,
  );
  // With less around them the values may now tell it themselves.
  return explainByValues({ ...illegal, operations: few }) ?? explainByList({ ...illegal, operations: few });
}

/** The plain cases: a value that nobody wrote, one found before it was sent, one found after it was overwritten. */
function explainByValues(illegal: Illegal): Violation | undefined {
  const { words } = illegal;
  const history = keyHistory(illegal.model, illegal.operations);
  if (history.unwritten !== undefined) return explainUnwritten(illegal, history.unwritten, history);
  const zones = decideByZones(history);
  if (zones.state === 'too-early') {
    const { found, writer } = zones;
    const value = tell(history.values.value(found.a));
    return violation(
      `${words.brief(found.operation)} was answered at ${words.instant(found.operation.returnNs)}, ` +
        `but ${value} was sent only at ${words.instant(writer.call)}, by process ${writer.operation.process}`,
      [found.operation, writer.operation],
      found.operation,
    );
  }
  if (zones.state === 'conflict') return explainConflict(zones.conflict, history, words);
  return undefined;
}

function explainUnwritten({ words, failed, model }: Illegal, step: Step, history: KeyHistory): Violation {
  const value = history.values.value(step.a);
  const refused = failed.find((operation) => {
    const effect = model.effect({ ...operation, outcome: 'ok', swapped: true });
    return (
      (effect?.kind === 'set' && effect.value === value) || (effect?.kind === 'swap' && effect.to === value)
    );
  });
  const but =
    refused === undefined
      ? `but nobody had written ${tell(value)}`
      : `but ${tell(value)} was never written: ${words.operation(refused)} failed`;
  const shown = refused === undefined ? [step.operation] : [refused, step.operation];
  return violation(`${words.brief(step.operation)}, ${but}`, shown, step.operation);
}

function explainConflict({ older, newer }: Conflict, history: KeyHistory, words: Words): Violation {
  // The one of which something was sent last is what should have been gone by then.
  // (The first value was there before everything, so it is never the newer one.)
  const isOlderStale =
    older.writer === undefined || (newer.writer !== undefined && older.lastCall >= newer.lastCall);
  const [stale, other] = isOlderStale ? [older, newer] : [newer, older];
  const staleValue = tell(
    stale.writer === undefined ? history.values.value(history.initial) : valueWritten(stale.writer),
  );
  const last = stale.last!.operation;
  // The step that stands in the way; one that shows both that it came before this and after that is plainest.
  const witness = other.last!.ret < stale.lastCall ? other.last! : other.first!;
  const first = witness.operation;
  const otherValue = tell(valueWritten(other.writer!));
  const overwritten =
    first !== other.writer!.operation
      ? `${otherValue} had taken its place: ${words.operation(first)}`
      : stale.writer === undefined
        ? `it had been given a value by ${words.operation(first)}`
        : `${staleValue} was overwritten by ${words.operation(first)}`;
  // That the stale value is the older one needs saying unless two plain writes say it.
  const before =
    stale.first === undefined || (stale.first === stale.writer && other.last === other.writer)
      ? ''
      : `, and ${staleValue} is the older: ${words.operation(stale.first.operation)} was over before ${words.operation(other.last!.operation)}`;
  const shown = [stale.writer, stale.first, stale.last, other.writer, witness, other.last];
  return violation(
    `${words.brief(last)}, but ${overwritten}${before}`,
    shown.flatMap((step) => (step === undefined ? [] : [step.operation])),
    last,
  );
}

function valueWritten({ operation }: Step): unknown {
  return operation.f === 'cas' ? (operation.value as [unknown, unknown])[1] : operation.value;
}

function explainByList({ operations, words, model }: Illegal): Violation {
  const sorted = inOrder(operations);
  const last = sorted.reduce((x, y) =>
    y.returnNs !== Number.POSITIVE_INFINITY && y.returnNs >= x.returnNs ? y : x,
  );
  const told = sorted.slice(0, mostTold).map((operation) => words.operation(operation));
  const others = sorted.length > told.length ? `; and ${sorted.length - told.length} more` : '';
  const most = longestOrder(model, sorted);
  const explained =
    most.length === 0 || most.length > mostTold
      ? ''
      : `. The longest order that explains any: ${most.map(deed).join(', then ')}`;
  return violation(
    `no order of these ${sorted.length} operations explains every answer: ${told.join('; ')}${others}${explained}`,
    sorted,
    last,
  );
}

/** The longest order of some of them that explains the answers of those in it. */
function longestOrder(model: Model, operations: readonly Operation[]): readonly Operation[] {
  const search = new Search(keyHistory(model, operations));
  search.run(stepsPerTrial);
  return search.order;
}

function violation(summary: string, operations: readonly Operation[], at: Operation): Violation {
  const { key } = at;
  return {
    checker: 'linearizability',
    ...(key === '' ? {} : { key }),
    summary: `${inKey(key)}${summary}`,
    atNs: at.invokeNs,
    operations: inOrder([...new Set(operations)]).slice(0, mostShown),
  };
}

function inOrder(operations: readonly Operation[]): Operation[] {
  return [...operations].sort((x, y) => x.invokeNs - y.invokeNs);
}
