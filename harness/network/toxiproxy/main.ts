import { parseArgs } from 'node:util';
import { startToxiproxyServer } from './server.ts';

// The proxies' own process: nothing that blocks may share a loop with them. One JSON document a line on stdout; the
// first says that it is up.

const usage =
  'usage: toxiproxy [--host 127.0.0.1] [--port 8474] [--seed 1] [--keep-open-on-reset] [--exit-with-parent]';

function refuse(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(64);
}

function wholeNumber(name: string, value: string, max: number): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > max)
    refuse(`--${name} should be a whole number from 0 to ${max}, got ${value}`);
  return number;
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        host: { type: 'string', default: '127.0.0.1' },
        port: { type: 'string', default: '8474' },
        seed: { type: 'string', default: '1' },
        // reset_peer then leaves connections alone that were there before it, as the original does.
        'keep-open-on-reset': { type: 'boolean', default: false },
        'exit-with-parent': { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return refuse(`${(error as Error).message}\n${usage}`);
  }
}

const values = readArguments();
const port = wholeNumber('port', values.port, 65_535);
const seed = wholeNumber('seed', values.seed, 2 ** 53 - 1);

const tell = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`);

const server = await startToxiproxyServer({
  host: values.host,
  port,
  seed,
  resetOpen: !values['keep-open-on-reset'],
  log: tell,
}).catch((error: NodeJS.ErrnoException) => {
  if (
    error.code !== 'EADDRINUSE' &&
    error.code !== 'EADDRNOTAVAIL' &&
    error.code !== 'EACCES' &&
    error.code !== 'ENOTFOUND'
  )
    throw error;
  return refuse(
    `toxiproxy cannot listen at ${values.host}:${port} (${error.code}); stop what holds it or choose another --port`,
  );
});

const stop = async () => {
  await server.close();
  process.exit(0);
};
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
if (values['exit-with-parent']) {
  // The pipe ends however the parent ended, SIGKILL too. Then nobody waits for an orderly close.
  process.stdin
    .on('error', () => process.exit(0))
    .on('close', () => process.exit(0))
    .resume();
}

tell({ listening: server.url });
process.send?.({ listening: server.url });
