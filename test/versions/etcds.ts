import { ensureEtcd } from '../../harness/cluster/provision.ts';
import { builtPath, etcds } from './programs.ts';

/** The minor versions that are supported, the oldest first. */
export const minors = ['3.4', '3.5', '3.6'] as const;

export interface EtcdOfAVersion {
  readonly path: string;
  /** '3.5.35' */
  readonly version: string;
}

/** One etcd of each minor version that is here: those that Go has built, and the one that runs take by themselves. */
export async function etcdsOfAllVersions(): Promise<readonly EtcdOfAVersion[]> {
  const built = await Promise.all(
    etcds.map(async (program) => ({ path: await builtPath(program), version: program.version })),
  );
  const usual = await ensureEtcd().catch(() => ({ path: null, version: '' }));
  const here = [...built, usual].flatMap(({ path, version }) => (path === null ? [] : [{ path, version }]));
  return minors.flatMap((minor) => {
    const found = here.find(({ version }) => version.startsWith(`${minor}.`));
    if (found) return [found];
    console.warn(
      minor === '3.4'
        ? `NOT TESTED: anything on etcd 3.4; the etcd here is ${usual.version || 'none'}, Debian's and Ubuntu's packages have 3.4`
        : `NOT TESTED: anything on etcd ${minor}; npm run test-programs builds it where Go is (apt-get install golang-go)`,
    );
    return [];
  });
}
