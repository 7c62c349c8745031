import { cp, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { mountBounded, mountingRefused, unmountUnder } from '../process/mounts.ts';
import type { Supervisor } from '../process/supervisor.ts';
import type { Member } from './cluster.ts';

/** Disks are what members keep their data on. */
export interface Disks {
  /**
   * Moves a member to a file system of its own that has no byte left, by way of a restart. What it does then is up to it.
   * Throws where nothing can be mounted.
   */
  fill(name: string): Promise<void>;
  /** Moves it back with the data that it wrote, and starts it again; resolves when it answers and nothing is mounted. */
  free(name: string): Promise<void>;
}

/** A member whose data can be moved. */
export interface Movable extends Member {
  readonly dataFolder: string;
  /** Of a member that is down. */
  useDataFolder(folder: string): void;
}

/** What it may write before the disk is full: enough to start. */
const slackBytes = 4 * 1024 * 1024;

export function disksOf(supervisor: Supervisor, members: readonly Movable[]): Disks {
  const moved = new Map<string, { readonly home: string; readonly disk: string }>();
  const named = (name: string): Movable => {
    const found = members.find((member) => member.name === name);
    if (found === undefined) throw new RangeError(`there is no member ${name}`);
    return found;
  };

  return {
    async fill(name) {
      const refused = await mountingRefused();
      if (refused !== undefined) throw new Error(refused);
      const member = named(name);
      if (moved.has(name)) throw new Error(`${name} is on a bounded disk already`);
      const home = member.dataFolder;
      const disk = await supervisor.temporaryFolder(`${name}-disk`);
      const data = join(disk, 'data');
      moved.set(name, { home, disk });
      await member.kill();
      await mountBounded(disk, (await bytesIn(home)) + slackBytes);
      await mkdir(data, { mode: 0o700 });
      await cp(home, data, { recursive: true, filter: isKept });
      member.useDataFolder(data);
      await member.restart();
      await fillUp(join(disk, 'filler'));
    },
    async free(name) {
      const place = moved.get(name);
      if (place === undefined) return;
      const member = named(name);
      const { home, disk } = place;
      await member.kill();
      // Where it never started on the disk, its data never left home.
      if (member.dataFolder !== home) {
        for (const entry of await readdir(home)) await rm(join(home, entry), { recursive: true });
        await cp(member.dataFolder, home, { recursive: true, filter: isKept });
        member.useDataFolder(home);
      }
      await unmountUnder(disk);
      await rm(disk, { recursive: true, force: true });
      moved.delete(name);
      await member.restart();
    },
  };
}

/** The log that is prepared for later is large and empty; it is made anew. */
function isKept(path: string): boolean {
  return !path.endsWith('.tmp');
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && isKept(entry.name));
  const sizes = await Promise.all(
    files.map(async (file) => (await stat(join(file.parentPath, file.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Writes until nothing more fits. */
async function fillUp(path: string): Promise<void> {
  await using file = await open(path, 'w');
  for (let chunk = Buffer.alloc(1024 * 1024); chunk.length >= 1; ) {
    try {
      const { bytesWritten } = await file.write(chunk);
      if (bytesWritten === 0) return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      if (chunk.length === 1) return;
      chunk = chunk.subarray(0, Math.floor(chunk.length / 2));
    }
  }
}
