import type { History, Operation } from '../history/operation.ts';
import { keyHistory } from './key-history.ts';
import type { Model } from './model.ts';
import { replay } from './replay.ts';
import { Search } from './search.ts';
import { deed, tell, wordsFor } from './words.ts';
import { byKey } from './write-order.ts';

/** What Porcupine's visualiser (1.3) is given, `const data = …` in its page. Names are its own. */
export interface PorcupineData {
  /** One for each key. */
  readonly Partitions: readonly {
    readonly History: readonly PorcupineElement[];
    /** Orders that explain the answers of those in them, the longest first. Index is the place in History. */
    readonly PartialLinearizations: readonly (readonly {
      readonly Index: number;
      readonly StateDescription: string;
    }[])[];
    /** By place in History: which of the orders is the longest that has it. */
    readonly Largest: Readonly<Record<number, number>>;
  }[];
  /** Faults. */
  readonly Annotations: readonly PorcupineAnnotation[];
}

interface PorcupineElement {
  readonly ClientId: number;
  /** Times are ranks, 100 apart, as Porcupine itself makes them; the true ones stand beside them as text. */
  readonly Start: number;
  readonly OriginalStart: string;
  readonly End: number;
  readonly OriginalEnd: string;
  readonly Description: string;
  readonly Metadata: string;
}

interface PorcupineAnnotation {
  readonly ClientId: number;
  readonly Tag: string;
  readonly Start: number;
  readonly End: number;
  readonly Description: string;
  readonly Details: string;
  readonly Annotation: true;
  readonly TextColor: string;
  readonly BackgroundColor: string;
}

/** Enough for the order of all but hopeless keys. */
const stepsPerKey = 1_000_000;

/**
 * A history as Porcupine's visualiser shows it, with the order that explains it, or the longest that explains a part.
 * Operations that certainly did not happen are left out, as are reads without an answer. What is open ends at the end.
 */
export function porcupineData(history: History, model: Model): PorcupineData {
  const judged = history.operations.filter(
    ({ outcome, f }) => outcome === 'ok' || (outcome === 'info' && f !== 'read'),
  );
  const at = ranks(judged, history);
  const words = wordsFor(history.orderedBy);
  const clients = new Map(
    [...new Set(judged.map(({ process }) => process))].map((process, id) => [process, id]),
  );
  const partitions = model.spansKeys ? new Map([['', judged]]) : byKey(judged);
  return {
    Partitions: [...partitions.values()].map((ofKey) => {
      const sorted = [...ofKey].sort((x, y) => x.invokeNs - y.invokeNs);
      return {
        History: sorted.map((operation) => ({
          ClientId: clients.get(operation.process)!,
          Start: at(operation.invokeNs),
          OriginalStart: words.instant(operation.invokeNs),
          End: at(operation.returnNs),
          OriginalEnd: words.instant(operation.returnNs),
          Description: operation.key === '' ? deed(operation) : `${operation.key}: ${deed(operation)}`,
          Metadata: metadata(operation),
        })),
        ...longestOrder(model, sorted),
      };
    }),
    Annotations: history.faults.map(({ nemesis, sentence, fromNs, toNs }) => ({
      ClientId: 0,
      Tag: 'Faults',
      Start: at(fromNs),
      End: at(toNs),
      Description: nemesis,
      Details: sentence,
      Annotation: true,
      TextColor: '',
      BackgroundColor: '',
    })),
  };
}

function longestOrder(
  model: Model,
  operations: readonly Operation[],
): Pick<PorcupineData['Partitions'][number], 'PartialLinearizations' | 'Largest'> {
  const search = new Search(keyHistory(model, operations));
  search.run(stepsPerKey);
  const { order } = search;
  const values = replay(model, order);
  if (values === undefined || order.length === 0) return { PartialLinearizations: [], Largest: {} };
  const place = new Map(operations.map((operation, index) => [operation, index]));
  const steps = order.map((operation, i) => ({
    Index: place.get(operation)!,
    StateDescription: tell(values[i]),
  }));
  return {
    PartialLinearizations: [steps],
    Largest: Object.fromEntries(steps.map(({ Index }) => [Index, 0])),
  };
}

/** Numbers of instants, in order and 100 apart: its page moves bars by less than that to tell them apart. */
function ranks(operations: readonly Operation[], { faults }: History): (ns: number) => number {
  const instants = new Set<number>();
  for (const { invokeNs, returnNs } of operations) instants.add(invokeNs).add(returnNs);
  for (const { fromNs, toNs } of faults) instants.add(fromNs).add(toNs);
  const sorted = [...instants].sort((x, y) => x - y);
  const rank = new Map(sorted.map((ns, i) => [ns, i * 100]));
  return (ns) => rank.get(ns)!;
}

function metadata({ instance, source, revision, outcome }: Operation): string {
  const parts = [
    outcome === 'info' ? 'no answer' : undefined,
    instance,
    source,
    revision === undefined ? undefined : `revision ${revision}`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}
