import { clockFrom } from '../clock.ts';
import { ClosedLoop } from './closed-loop.ts';
import type { SaturateRequest, ToWorker } from './messages.ts';
import { Recorder } from './recorder.ts';
import type { SaturationMeasurement } from './saturation-measurement.ts';
import { serveWorker } from './worker-main.ts';

/** The saturation benchmark's process. */
let recorder: Recorder | undefined;

serveWorker({ answer, leave: async () => recorder?.flush() });

async function answer(request: ToWorker): Promise<readonly SaturationMeasurement[]> {
  if (request.type !== 'saturate') throw new Error(`the saturation benchmark does not ${request.type}`);
  return measureEach(request.saturate);
}

async function measureEach(request: SaturateRequest): Promise<SaturationMeasurement[]> {
  const { target, workload, seed, originNs, historyPath, connections, seconds } = request;
  recorder = await Recorder.open(historyPath);
  // One loop for all: values and processes go on, so that the history of all measurements is one.
  const loop = new ClosedLoop({ target, workload, seed, clock: clockFrom(BigInt(originNs)), recorder });
  const measurements: SaturationMeasurement[] = [];
  for (const count of connections) measurements.push(await loop.measure(count, seconds));
  return measurements;
}
