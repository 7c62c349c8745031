import { homedir } from 'node:os';
import { join } from 'node:path';

/** The user's cache folder for this program: what is in it may be removed at any time, and is made again. */
export function cacheFolder(): string {
  const { FAULTLINE_CACHE, XDG_CACHE_HOME } = process.env;
  if (FAULTLINE_CACHE) return FAULTLINE_CACHE;
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, 'faultline');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'faultline');
  return join(homedir(), '.cache', 'faultline');
}
