import { clockFrom } from '../clock.ts';
import type { OpenRequest, ToWorker } from './messages.ts';
import { OpenLoop } from './open-loop.ts';
import { takePrecedence } from './precedence.ts';
import { Recorder } from './recorder.ts';
import { serveWorker, tell } from './worker-main.ts';

/** The driver's process. Nothing but the open loop runs in it, so that what it measures is not itself. */
let recorder: Recorder | undefined;
let loop: OpenLoop | undefined;

takePrecedence();
serveWorker({ answer, leave });

async function answer(request: ToWorker): Promise<unknown> {
  switch (request.type) {
    case 'open':
      return openLoop(request.open);
    case 'run':
      return opened().run(request, (stats) => tell({ type: 'stats', stats }));
    case 'stop':
      return opened().stop();
    case 'finalReads':
      return opened().finalReads(request);
    default:
      throw new Error(`the driver does not ${request.type}`);
  }
}

async function openLoop({ targets, workload, seed, originNs, historyPath }: OpenRequest): Promise<void> {
  recorder = await Recorder.open(historyPath);
  loop = new OpenLoop({ targets, workload, seed, clock: clockFrom(BigInt(originNs)), recorder });
}

function opened(): OpenLoop {
  if (!loop) throw new Error('the driver was not opened');
  return loop;
}

async function leave(): Promise<void> {
  loop?.abandon();
  await recorder?.flush();
}
