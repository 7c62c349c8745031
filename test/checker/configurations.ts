import type { Operation } from '../../harness/history/operation.ts';
import type { Specification } from './specifications.ts';

/**
 * Says whether operations are linearizable by walking through time with the set of all configurations that the object
 * may be in (just-in-time linearization). It shares neither method nor code with the checker: no search, no going
 * back, models of its own. Undefined when there come to be more configurations than `most`.
 */
export function isLinearizableByConfigurations(
  specification: Specification,
  operations: readonly Operation[],
  most = 5_000,
): boolean | undefined {
  const judged = operations.filter(
    ({ outcome, f }) => outcome === 'ok' || (outcome === 'info' && f !== 'read'),
  );
  // Of an instant's events sendings come first: intervals are closed.
  const events = judged.flatMap((operation, id) => [
    { atNs: operation.invokeNs, isReturn: 0, id },
    ...(operation.outcome === 'ok' ? [{ atNs: operation.returnNs, isReturn: 1, id }] : []),
  ]);
  events.sort((x, y) => x.atNs - y.atNs || x.isReturn - y.isReturn);

  const first = { state: specification.initial, done: [] as readonly number[] };
  let configurations = new Map([[nameOf(first), first]]);
  const pending = new Set<number>();
  for (const { isReturn, id } of events) {
    if (isReturn === 0) {
      pending.add(id);
      continue;
    }
    const reached = new Map(configurations);
    for (const configuration of reached.values()) {
      if (configuration.done.includes(id)) continue;
      for (const next of pending) {
        if (configuration.done.includes(next)) continue;
        const after = afterwards(specification, configuration.state, judged[next]!);
        if (after === undefined) continue;
        const larger = { state: after.state, done: [...configuration.done, next].sort((x, y) => x - y) };
        // Being added while the map is walked through, it is walked to as well.
        reached.set(nameOf(larger), larger);
        if (reached.size > most) return undefined;
      }
    }
    pending.delete(id);
    configurations = new Map();
    for (const { state, done } of reached.values()) {
      if (!done.includes(id)) continue;
      const smaller = { state, done: done.filter((one) => one !== id) };
      configurations.set(nameOf(smaller), smaller);
    }
    if (configurations.size === 0) return false;
  }
  return true;
}

function nameOf({ state, done }: { state: unknown; done: readonly number[] }): string {
  return JSON.stringify([state, done]);
}

/** Undefined when the operation cannot have answered so in this state. */
function afterwards(
  { run }: Specification,
  state: unknown,
  operation: Operation,
): { state: unknown } | undefined {
  const ran = run(state, operation);
  if (ran === undefined) return undefined;
  if (operation.outcome === 'info') return { state: ran.state };
  const { value = operation.value, swapped = operation.swapped } = ran.answer ?? {};
  const isSame = JSON.stringify(value) === JSON.stringify(operation.value) && swapped === operation.swapped;
  return isSame ? { state: ran.state } : undefined;
}
