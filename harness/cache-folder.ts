import { homedir } from 'node:os';
import { join } from 'node:path';

/** The user's cache folder for this program: what is in it may be removed at any time, and is made again. */
export function cacheFolder(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
): string {
  const { FAULTLINE_CACHE, XDG_CACHE_HOME, HOME = homedir() } = environment;
  if (FAULTLINE_CACHE) return FAULTLINE_CACHE;
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, 'faultline');
  if (platform === 'darwin') return join(HOME, 'Library', 'Caches', 'faultline');
  return join(HOME, '.cache', 'faultline');
}
