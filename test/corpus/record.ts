import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hunt } from './bug.ts';

/** What a record's hunts were made with: those of another build or another etcd prove nothing of this one. */
export interface HuntedWith {
  readonly etcd: string;
  /** See buildOf. */
  readonly build: string;
}

type Hunts = Readonly<Record<string, Hunt>>;

/**
 * A CorpusRecord is what has been hunted so far, by the name of the hunt. It is written after each, so that a corpus
 * that was ended early goes on where it was. What failed proved nothing, and is not kept.
 */
export class CorpusRecord {
  readonly #path: string;
  readonly #with: HuntedWith;
  readonly #hunts: Map<string, Hunt>;

  private constructor(path: string, huntedWith: HuntedWith, hunts: ReadonlyMap<string, Hunt>) {
    this.#path = path;
    this.#with = huntedWith;
    this.#hunts = new Map(hunts);
  }

  /** Empty where there is no file, or none of this etcd and this build. Throws for a file that is no record. */
  static async resumed(path: string, huntedWith: HuntedWith): Promise<CorpusRecord> {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return CorpusRecord.begun(path, huntedWith);
    const found = JSON.parse(text) as HuntedWith & { readonly hunts?: Hunts };
    if (typeof found.hunts !== 'object') throw new Error(`${path} should hold "hunts"; it is no record`);
    const isOfThese = found.etcd === huntedWith.etcd && found.build === huntedWith.build;
    return new CorpusRecord(path, huntedWith, new Map(isOfThese ? Object.entries(found.hunts) : []));
  }

  static begun(path: string, huntedWith: HuntedWith): CorpusRecord {
    return new CorpusRecord(path, huntedWith, new Map());
  }

  get size(): number {
    return this.#hunts.size;
  }

  hunted(name: string): Hunt | undefined {
    return this.#hunts.get(name);
  }

  async add(name: string, hunt: Hunt): Promise<void> {
    if (hunt.state === 'failed') return;
    this.#hunts.set(name, hunt);
    await mkdir(join(this.#path, '..'), { recursive: true });
    // By another name first: who is killed while writing leaves the record of before.
    const whole = JSON.stringify({ ...this.#with, hunts: Object.fromEntries(this.#hunts) }, null, 1);
    await writeFile(`${this.#path}.part`, `${whole}\n`);
    await rename(`${this.#path}.part`, this.#path);
  }
}

/** The text of every program under a folder of the build, as one short name for it. */
export async function buildOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const hash = createHash('sha256');
  for (const path of paths) hash.update(path.slice(folder.length)).update(await readFile(path));
  return hash.digest('hex').slice(0, 16);
}

/** "5": the first five from `first` on; "3..7": these. Undefined when it is neither. */
export function seedsNamed(text: string, first: number): readonly number[] | undefined {
  const range = /^(\d{1,7})\.\.(\d{1,7})$/.exec(text);
  const from = range === null ? first : Number(range[1]);
  const count = range === null ? Number(text) : Number(range[2]) - from + 1;
  if (!Number.isInteger(count) || count < 1 || count > 1_000) return undefined;
  return Array.from({ length: count }, (_, i) => from + i);
}
