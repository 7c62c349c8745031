import type { Model } from './checker/model.ts';
import { type PorcupineData, porcupineData } from './checker/porcupine.ts';
import { encodeFault, encodeObservation, encodeOperation } from './history/format.ts';
import type { History } from './history/operation.ts';
import { encodeWatchLine, watchLines } from './history/watch-format.ts';
import { ednLines } from './history/write-edn.ts';

export type ConvertedFormat = 'jsonl' | 'edn' | 'porcupine';
export const convertedFormats: readonly ConvertedFormat[] = ['jsonl', 'edn', 'porcupine'];

/** A history in another format, piece by piece. `model` says what a key is, for the order that Porcupine's page shows. */
export function* convertHistory(history: History, to: ConvertedFormat, model: Model): Generator<string> {
  switch (to) {
    case 'jsonl':
      yield* jsonLines(history);
      return;
    case 'edn':
      yield* ednLines(history);
      return;
    case 'porcupine': {
      const data: PorcupineData = porcupineData(history, model);
      yield `${JSON.stringify(data)}\n`;
    }
  }
}

/** What the format has no words for, and is left out therefore. */
export function leftOut({ watches, observations }: History, to: ConvertedFormat): readonly string[] {
  if (to === 'jsonl') return [];
  return [
    ...(watches === undefined ? [] : ['what watchers were told']),
    ...(observations === undefined || observations.length === 0 ? [] : ['what observers saw']),
  ];
}

function* jsonLines({ operations, faults, observations, watches }: History): Generator<string> {
  for (const operation of operations) yield encodeOperation(operation);
  for (const fault of faults) yield encodeFault(fault);
  for (const observation of observations ?? []) yield encodeObservation(observation);
  if (watches !== undefined) for (const line of watchLines(watches)) yield encodeWatchLine(line);
}
