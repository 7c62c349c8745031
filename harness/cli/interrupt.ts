/**
 * The signal of a first Ctrl-C (or SIGTERM, SIGHUP): the run heals, stops and writes what there is. A second one quits
 * at once; the keeper then stops what is left.
 */
export function onInterrupt(say: (line: string) => void): { signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const listener = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143);
    say(`${name}: healing, stopping and writing what there is; once more to quit at once`);
    controller.abort(new Interrupted(`interrupted by ${name}`));
  };
  for (const name of names) process.on(name, listener);
  return {
    signal: controller.signal,
    dispose: () => {
      for (const name of names) process.off(name, listener);
    },
  };
}

/** An Interrupted is a person's or the system's wish to stop, not a failure. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}
