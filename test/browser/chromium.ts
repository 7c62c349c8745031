import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/** The first Chromium on PATH; undefined, said aloud, where there is none. */
export async function findChromium(): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter))
    for (const name of names) {
      const path = join(folder, name);
      const runs = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (folder !== '' && runs) return path;
    }
  process.stderr.write(
    `\nNOT TESTED: the HTML report in a browser, since PATH has none of ${names.join(', ')} (Debian: apt-get install chromium)\n\n`,
  );
  return undefined;
}
