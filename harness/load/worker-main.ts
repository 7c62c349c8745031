import type { FromWorker, ToWorker } from './messages.ts';

/**
 * Serves one worker process: `answer` each request, `leave` when the process is asked to end (SIGTERM, or the
 * command is gone and the ipc channel with it). What `leave` writes is on disk before the process ends.
 */
export function serveWorker(worker: {
  answer(request: ToWorker): Promise<unknown>;
  leave(): Promise<void>;
}): void {
  let leaving = false;
  const leave = (code: number) => {
    if (leaving) return;
    leaving = true;
    worker.leave().then(
      () => process.exit(code),
      (error) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', () => leave(0));
  process.once('disconnect', () => leave(0));
  // A defect of ours: say what, and save the history.
  process.on('uncaughtException', (error) => {
    console.error(error);
    leave(1);
  });
  process.on('message', (message) => {
    const request = message as ToWorker;
    worker.answer(request).then(
      (result) => tell({ type: 'reply', id: request.id, result }),
      (error: Error) => tell({ type: 'failed', id: request.id, message: error.message }),
    );
  });
  tell({ type: 'ready' });
}

export function tell(message: FromWorker): void {
  // The channel may close at any moment; 'disconnect' is what ends the process then.
  if (process.connected) process.send!(message, undefined, undefined, () => {});
}
