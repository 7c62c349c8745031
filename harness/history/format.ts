/**
 * The history on disk: JSON Lines of Jepsen-like events, an invoke line and later its completion line.
 *
 *   {"process":3,"type":"invoke","f":"write","key":"k7","value":12,"time":1200,"due":1100,"instance":"s1"}
 *   {"process":3,"type":"ok","f":"write","key":"k7","value":12,"time":4300,"revision":88,"source":"etcd"}
 *
 * Times are nanoseconds on the run's clock. Lines may be written in any order as long as the invoke line of an
 * operation comes before its completion line, and a process's operations follow one another. An invoke line without
 * a completion is an operation that may have happened. `read-history.ts` reads what is written here.
 */
import type { Observation } from './observation.ts';
import type { FaultWindow, Operation } from './operation.ts';

/** The process of the lines that tell of faults. */
export const nemesisProcess = 'nemesis';

/** The process of the lines that tell what was seen beside the service. */
export const observerProcess = 'observer';

/**
 * Both lines of an operation that has ended, each with its newline. The strings are put together by hand because
 * the load driver writes some ten thousand a second beside its other work (JSON.stringify of the objects costs
 * about three times as much).
 */
export function encodeOperation(operation: Operation): string {
  return encodeInvoke(operation) + encodeCompletion(operation);
}

/** What is known of an operation when it is sent. */
export type Invocation = Pick<
  Operation,
  'process' | 'f' | 'key' | 'grade' | 'value' | 'invokeNs' | 'dueNs' | 'instance' | 'final'
>;

/** The invoke line, for writing it before the request is sent: then a crash loses no operation that happened. */
export function encodeInvoke(operation: Invocation): string {
  let line = head(operation, 'invoke');
  // A read or dequeue asks for nothing; its value is on the completion.
  const asks = operation.f !== 'read' && operation.f !== 'dequeue';
  line += `,"value":${asks ? json(operation.value) : 'null'},"time":${operation.invokeNs}`;
  if (operation.dueNs !== undefined) line += `,"due":${operation.dueNs}`;
  if (operation.grade !== undefined) line += `,"grade":"${operation.grade}"`;
  if (operation.instance !== undefined) line += `,"instance":${JSON.stringify(operation.instance)}`;
  if (operation.final) line += ',"final":true';
  return `${line}}\n`;
}

/** The completion line. One that is open to the end and was never given up (no endedNs) has none: ''. */
export function encodeCompletion(operation: Operation): string {
  const time = operation.outcome === 'info' ? operation.endedNs : operation.returnNs;
  if (time === undefined) return '';
  let line = head(operation, operation.outcome);
  if (operation.value !== undefined) line += `,"value":${json(operation.value)}`;
  line += `,"time":${time}`;
  if (operation.swapped !== undefined) line += `,"swapped":${operation.swapped}`;
  if (operation.revision !== undefined) line += `,"revision":${operation.revision}`;
  if (operation.fence !== undefined) line += `,"fence":${operation.fence}`;
  if (operation.source !== undefined) line += `,"source":"${operation.source}"`;
  if (operation.cache !== undefined) line += `,"cache":"${operation.cache}"`;
  if (operation.staleMs !== undefined) line += `,"staleMs":${operation.staleMs}`;
  if (operation.error !== undefined) line += `,"error":${JSON.stringify(operation.error)}`;
  return `${line}}\n`;
}

/** The two lines of a fault. */
export function encodeFault(fault: FaultWindow): string {
  const { nemesis, sentence, targets, fromNs, toNs } = fault;
  const line = { process: nemesisProcess, f: nemesis };
  return (
    `${JSON.stringify({ ...line, type: 'invoke', value: sentence, targets, time: fromNs })}\n` +
    `${JSON.stringify({ ...line, type: 'ok', time: toNs })}\n`
  );
}

/** The line of an observation. */
export function encodeObservation(observation: Observation): string {
  const { kind, ...value } = observation;
  const time = 'answeredNs' in observation ? { time: observation.answeredNs } : {};
  return `${JSON.stringify({ process: observerProcess, type: 'info', f: kind, value, ...time })}\n`;
}

function head(operation: Invocation, type: string): string {
  const start = `{"process":${operation.process},"type":"${type}","f":"${operation.f}"`;
  return operation.key === '' ? start : `${start},"key":${JSON.stringify(operation.key)}`;
}

function json(value: unknown): string {
  return typeof value === 'number' && Number.isFinite(value)
    ? String(value)
    : (JSON.stringify(value) ?? 'null');
}
