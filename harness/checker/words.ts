import type { Grade, Operation } from '../history/operation.ts';
import { tell } from './tell.ts';
import { malformed, stepsOf, tellSteps } from './transactions/micro-operation.ts';

export { tell } from './tell.ts';

/** How a checker tells operations and times in a violation's summary. */
export interface Words {
  /** "3.214 s", or "line 12" where lines stand for times. */
  instant(ns: number): string;
  /** "write 15 by process 2 (sent 3.2 s, acknowledged 3.3 s)" */
  operation(operation: Operation): string;
  /** "read 12 by process 3 at 4.1 s" */
  brief(operation: Operation): string;
}

export function wordsFor(orderedBy: 'time' | 'line' = 'time'): Words {
  const instant = orderedBy === 'line' ? (ns: number) => `line ${ns}` : tellTime;
  const brief = (operation: Operation) =>
    `${deed(operation)} by process ${operation.process} at ${instant(operation.invokeNs)}`;
  return {
    instant,
    brief,
    operation(operation) {
      const { invokeNs, returnNs, outcome, endedNs } = operation;
      const verb = operation.f === 'read' ? 'answered' : 'acknowledged';
      const end =
        outcome === 'ok' && endedNs !== undefined
          ? // Nobody answered it; a watch told that it happened.
            `no answer, but seen in the store${Number.isFinite(returnNs) ? ` by ${instant(returnNs)}` : ''}`
          : outcome === 'info'
            ? endedNs === undefined
              ? 'never answered'
              : `no answer by ${instant(endedNs)}`
            : outcome === 'fail'
              ? `refused ${instant(returnNs)}`
              : `${verb} ${instant(returnNs)}`;
      return `${deed(operation)} by process ${operation.process} (sent ${instant(invokeNs)}, ${end})`;
    },
  };
}

/** "write 15", "read nothing", "cas 3 to 4", "cas 3 to 4 (did not swap)", "delete", "txn (append 1 to x, read y [2])". */
export function deed(operation: Operation): string {
  const { f, value, swapped, outcome } = operation;
  switch (f) {
    case 'txn':
      return malformed([operation]) === undefined
        ? `txn (${tellSteps(stepsOf(operation))})`
        : `txn ${tell(value)}`;
    case 'delete':
      return 'delete';
    case 'cas': {
      const [from, to] = value as [unknown, unknown];
      return `cas ${tell(from)} to ${tell(to)}${outcome === 'ok' && swapped === false ? ' (did not swap)' : ''}`;
    }
    case 'acquire':
    case 'release':
      return (value ?? null) === null ? f : `${f} by ${tell(value)}`;
    default:
      return outcome === 'info' && (f === 'read' || f === 'dequeue') ? f : `${f} ${tell(value)}`;
  }
}

/** "k7: " or, where operations name no key, "". */
export function inKey(key: string): string {
  return key === '' ? '' : `${key}: `;
}

/** "session " before a read of that grade, or, where reads name none, "". */
export function ofGrade({ grade }: { readonly grade?: Grade | undefined }): string {
  return grade === undefined ? '' : `${grade} `;
}

function tellTime(ns: number): string {
  if (!Number.isFinite(ns)) return ns > 0 ? 'never' : 'the beginning';
  const size = Math.abs(ns);
  if (size < 1e3) return `${ns} ns`;
  if (size < 1e6) return `${short(ns / 1e3)} µs`;
  if (size < 1e9) return `${short(ns / 1e6)} ms`;
  return `${short(ns / 1e9)} s`;
}

function short(number: number): string {
  return String(Math.round(number * 1000) / 1000);
}
