import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The user's cache folder for this program: $XDG_CACHE_HOME, else ~/Library/Caches on macOS and ~/.cache elsewhere;
 * then faultline. What is in it may be removed at any time, and is made or fetched again.
 */
export function cacheFolder(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const home = environment.HOME ?? homedir();
  const base =
    environment.XDG_CACHE_HOME ||
    (platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache'));
  return join(base, 'faultline');
}
