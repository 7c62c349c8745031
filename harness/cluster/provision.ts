import { type EtcdCache, etcdCache } from './etcd-cache.ts';
import { etcdPackage } from './etcd-package.ts';
import { type Environment, etcdVersionOf, findOnPath } from './etcd-program.ts';
import { defaultEtcdVersion, etcdRelease, fetchRelease } from './etcd-release.ts';

/** A FoundEtcd is an etcd program that has run and told its version. */
export interface FoundEtcd {
  readonly path: string;
  /** '3.6.5' */
  readonly version: string;
  readonly source: EtcdSource;
}

export type EtcdSource = 'named' | 'PATH' | 'cache' | 'package' | 'release';

export interface EtcdOptions {
  /** --etcd; FAULTLINE_ETCD when it is undefined. What is named is taken, or it is an error. */
  readonly etcd?: string;
  /** --etcd-version, '3.6.5' or 'v3.6.5'. Only an etcd of this version counts, wherever it comes from. */
  readonly etcdVersion?: string;
  /** Told one line for each step. */
  readonly say?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** process.env. PATH, HOME, XDG_CACHE_HOME, FAULTLINE_ETCD, FAULTLINE_ETCD_RELEASES and proxies are read from it. */
  readonly environment?: Environment;
}

/** One step of the search, and why it gave nothing. */
export interface Tried {
  readonly where: string;
  readonly result: string;
}

/** An EtcdNotFound lists what was tried, with the result of each, and what to do. */
export class EtcdNotFound extends Error {
  override readonly name = 'EtcdNotFound';
  constructor(
    readonly wanted: string,
    readonly tried: readonly Tried[],
    readonly advice: string,
  ) {
    super(
      [
        `${wanted} was not found.`,
        ...tried.map((t) => `  ${t.where}: ${t.result}`),
        `What to do: ${advice}`,
      ].join('\n'),
    );
  }
}

/**
 * Finds etcd, or fetches it into the user's cache folder: named by option or variable, on PATH, in the cache, from the
 * distribution's packages, from the official release. Throws EtcdNotFound.
 */
export async function ensureEtcd(options: EtcdOptions = {}): Promise<FoundEtcd> {
  const { environment = process.env, say = () => {}, signal } = options;
  const asked = versionAsked(options.etcdVersion);
  const here = await findEtcd(options);
  if (here.found) return here.found;
  const cache = etcdCache(environment);
  const tried = [...here.tried];

  const steps: [
    where: string,
    source: EtcdSource,
    fetch: () => Promise<{ path: string; version: string }>,
  ][] = [
    [
      'packages',
      'package',
      async () => {
        const offered = await etcdPackage({ environment, say, signal });
        if (asked !== undefined && offered.version !== asked)
          throw new Error(`the distribution offers ${offered.version}`);
        return cache.add((scratch) => offered.fetch(scratch));
      },
    ],
    [
      'release',
      'release',
      async () => {
        const release = etcdRelease({
          version: asked ?? defaultEtcdVersion,
          base: environment.FAULTLINE_ETCD_RELEASES || undefined,
        });
        return cache.add((folder) => fetchRelease(release, { folder, environment, say, signal }));
      },
    ],
  ];
  for (const [where, source, fetch] of steps) {
    signal?.throwIfAborted();
    try {
      const found: FoundEtcd = { ...(await fetch()), source };
      if (asked !== undefined && found.version !== asked)
        throw new Error(`what came calls itself ${found.version}`);
      say(`etcd: ${found.version} from the ${where}, kept as ${found.path}`);
      return found;
    } catch (error) {
      signal?.throwIfAborted();
      const result = (error as Error).message;
      tried.push({ where, result });
      say(`etcd: ${where}: ${result}`);
    }
  }
  throw new EtcdNotFound(
    wantedName(asked),
    tried,
    'install etcd so that it is on PATH, or name it with --etcd FILE or FAULTLINE_ETCD, or let this machine reach ' +
      "its packages or etcd's releases (FAULTLINE_ETCD_RELEASES names a mirror).",
  );
}

export type Search =
  | { readonly found: FoundEtcd }
  | { readonly found: null; readonly tried: readonly Tried[]; readonly cacheFolder: string };

/** The part of the search that fetches nothing: named, PATH, cache. Throws EtcdNotFound only for a bad name. */
export async function findEtcd(options: EtcdOptions = {}): Promise<Search> {
  const { environment = process.env, say = () => {} } = options;
  const asked = versionAsked(options.etcdVersion);
  const named = options.etcd ?? (environment.FAULTLINE_ETCD || undefined);
  if (named !== undefined) {
    const where = options.etcd === undefined ? `FAULTLINE_ETCD (${named})` : `--etcd (${named})`;
    try {
      const found: FoundEtcd = { path: named, version: await etcdVersionOf(named), source: 'named' };
      mustBe(asked, found.version);
      say(`etcd: ${found.version} as named, ${found.path}`);
      return { found };
    } catch (error) {
      // Somebody wants this one: another in its place would be a surprise.
      throw new EtcdNotFound(
        wantedName(asked),
        [{ where, result: (error as Error).message }],
        'name another file, or name none so that etcd is looked for.',
      );
    }
  }
  const cache: EtcdCache = etcdCache(environment);
  const tried: Tried[] = [];
  const steps: [where: string, source: EtcdSource, find: () => Promise<{ path: string; version: string }>][] =
    [
      [
        'PATH',
        'PATH',
        async () => {
          const path = await findOnPath('etcd', environment);
          if (path === null) throw new Error('there is no etcd on it');
          const version = await etcdVersionOf(path).catch((error: Error) => {
            throw new Error(`${path}: ${error.message}`);
          });
          return { path, version };
        },
      ],
      [
        `cache (${cache.folder})`,
        'cache',
        async () => {
          const found = await cache.find(asked);
          if (found === null) throw new Error(`there is no ${wantedName(asked)} in it`);
          return found;
        },
      ],
    ];
  for (const [where, source, find] of steps) {
    try {
      const found: FoundEtcd = { ...(await find()), source };
      mustBe(asked, found.version);
      say(`etcd: ${found.version} from ${source === 'cache' ? 'the cache' : source}, ${found.path}`);
      return { found };
    } catch (error) {
      const result = (error as Error).message;
      tried.push({ where, result });
      say(`etcd: ${where}: ${result}`);
    }
  }
  return { found: null, tried, cacheFolder: cache.folder };
}

function mustBe(asked: string | undefined, version: string): void {
  if (asked !== undefined && asked !== version) throw new Error(`it is ${version}, not ${asked}`);
}

function wantedName(asked: string | undefined): string {
  return asked === undefined ? 'etcd' : `etcd ${asked}`;
}

/** '3.6.5' of 'v3.6.5'. Throws RangeError for what is no version. */
export function versionAsked(version: string | undefined): string | undefined {
  if (version === undefined) return undefined;
  const plain = /^v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.]+)?)$/.exec(version.trim())?.[1];
  if (plain === undefined) throw new RangeError(`--etcd-version should look like v3.6.5, got ${version}`);
  return plain;
}
