import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../cache-folder.ts';
import { type Environment, etcdVersionOf } from './etcd-program.ts';

/**
 * An EtcdCache is the folder of the user's own in which fetched etcds stay from run to run:
 * <cache folder>/faultline/etcd/3.6.5/etcd.
 */
export interface EtcdCache {
  readonly folder: string;
  /** The one of this version; without a version the newest. Null when there is none that runs. */
  find(version?: string): Promise<{ path: string; version: string } | null>;
  /**
   * Takes in the program that `fetch` puts somewhere into the scratch folder that it is given. It is seen by others
   * only once it is whole and has told its version.
   */
  add(fetch: (scratch: string) => Promise<string>): Promise<{ path: string; version: string }>;
}

export function etcdCache(environment: Environment = process.env, platform = process.platform): EtcdCache {
  const folder = join(cacheFolder(environment, platform), 'etcd');

  async function at(version: string): Promise<{ path: string; version: string } | null> {
    const path = join(folder, version, 'etcd');
    try {
      return { path, version: await etcdVersionOf(path) };
    } catch {
      return null;
    }
  }

  return {
    folder,
    async find(version) {
      if (version !== undefined) return at(version);
      const kept = (await readdir(folder).catch(() => [])).filter((name) => /^\d/.test(name));
      for (const name of kept.sort(byVersion).reverse()) {
        const found = await at(name);
        if (found) return found;
      }
      return null;
    },
    async add(fetch) {
      await mkdir(folder, { recursive: true });
      await sweep(folder);
      // In the cache itself, because a rename is atomic only within one file system.
      const scratch = await mkdtemp(join(folder, scratchPrefix));
      try {
        const fetched = await fetch(scratch);
        await chmod(fetched, 0o755);
        const version = await etcdVersionOf(fetched);
        const whole = join(scratch, 'whole');
        await mkdir(whole);
        await rename(fetched, join(whole, 'etcd'));
        const path = join(folder, version, 'etcd');
        try {
          await rename(whole, join(folder, version));
        } catch (error) {
          // Another command was quicker; or what is there does not run, or it would have been found.
          if (await at(version)) return { path, version };
          await rm(join(folder, version), { recursive: true, force: true });
          await rename(whole, join(folder, version)).catch(() => {
            throw error;
          });
        }
        return { path, version };
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    },
  };
}

/** For sort: '3.4.23' before '3.10.1'. */
export function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

const scratchPrefix = '.fetching-';

/** What a fetch that was killed has left. An hour is longer than any fetch may take. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(scratchPrefix)) continue;
    const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > 3_600_000) await rm(join(folder, name), { recursive: true, force: true });
  }
}
