import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { orderedPairs } from '../cluster/started-cluster.ts';
import { type AdoptedLink, findAdopted, ProxyUnfit } from '../network/adopted-proxies.ts';
import { ToxiproxyClient } from '../network/toxiproxy-client.ts';
import { expected } from '../schema-error.ts';
import { UsageError } from './usage-error.ts';

/**
 * The links that a file of `--peer-proxies` names: `{"m1->m2": "name of a proxy", ...}`, every ordered pair of members once, each
 * with a proxy of its own. @throws UsageError that names the file, the pair, what was expected and what came
 */
export async function readPeerProxies(
  file: string,
  members: readonly string[],
): Promise<readonly AdoptedLink[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`--peer-proxies should be a file that can be read, got ${file} (${error.code})`);
  });
  return parsePeerProxies(text, file, members);
}

/** @throws UsageError */
export function parsePeerProxies(
  text: string,
  file: string,
  members: readonly string[],
): readonly AdoptedLink[] {
  const pairs = orderedPairs(members).map(([from, to]) => ({ from, to, key: `${from}->${to}` }));
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} should be JSON, but is not: ${(error as Error).message}`);
  }
  const validate = new Ajv2020({ verbose: true }).compile<Readonly<Record<string, string>>>({
    type: 'object',
    additionalProperties: false,
    required: pairs.map(({ key }) => key),
    properties: Object.fromEntries(pairs.map(({ key }) => [key, proxyName])),
  });
  if (!validate(document)) {
    const error = validate.errors![0]!;
    const place = error.instancePath.slice(1) || 'the document';
    const known = error.keyword === 'additionalProperties' ? ` (members are ${members.join(', ')})` : '';
    throw new UsageError(`${file}: ${place} should ${expected(error)}${known}`);
  }
  // JSON takes the last of two. No name of a proxy has a quote in it, so that these are the keys.
  const keys = [...text.matchAll(/("(?:[^"\\]|\\.)*")\s*:/g)].map(([, key]) => JSON.parse(key!) as string);
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  if (twice !== undefined) throw new UsageError(`${file}: ${twice} should be there once, got it twice`);
  const takenBy = new Map<string, string>();
  return pairs.map(({ from, to, key }) => {
    const proxy = document[key]!;
    const other = takenBy.get(proxy);
    if (other !== undefined)
      throw new UsageError(
        `${file}: ${key} should have a proxy of its own, got ${proxy}, which ${other} has too`,
      );
    takenBy.set(proxy, key);
    return { from, to, proxy };
  });
}

/** Before anything is started. @throws UsageError for a proxy that is not there, is disabled, or has toxics */
export async function examinePeerProxies(
  file: string,
  links: readonly AdoptedLink[],
  toxiproxyUrl: string,
): Promise<void> {
  await findAdopted(new ToxiproxyClient(toxiproxyUrl, 5_000), links).catch((error) => {
    throw error instanceof ProxyUnfit ? new UsageError(`${file}: ${error.message}`, { cause: error }) : error;
  });
}

/** Toxiproxy's paths and its client leave no room for more. */
const proxyName = { type: 'string', pattern: '^[\\w.:>-]*\\w[\\w.:>-]*$' };
