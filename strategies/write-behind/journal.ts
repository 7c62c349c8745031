import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';

/** A JournalRecord is a write that is to be acknowledged, or the word that such writes are drained. */
export type JournalRecord =
  | { readonly type: 'write'; readonly id: number; readonly key: string; readonly value?: unknown }
  | { readonly type: 'drained'; readonly ids: readonly number[] };

export type JournaledWrite = Extract<JournalRecord, { type: 'write' }>;

/** A Journal keeps what was acknowledged until it is drained. */
export interface Journal {
  /** Resolves once the write is safe; writes are safe in the order in which they were appended. */
  append(write: JournaledWrite): Promise<void>;
  /**
   * These writes are drained. It is noted with the next write, since it is not worth a sync of its own; resolves
   * when that is safe. Never rejects: what is not noted is known from etcd.
   */
  drained(ids: readonly number[]): Promise<void>;
  close(): Promise<void>;
  readonly synced: Syncs;
}

/** How often a journal was synced so far, and how long that took. */
export interface Syncs {
  readonly count: number;
  readonly totalMs: number;
  readonly longestMs: number;
}

const noSyncs: Syncs = { count: 0, totalMs: 0, longestMs: 0 };

/** The noop member: nothing is kept, so nothing survives. */
export function memoryJournal(): Journal {
  return { append: async () => {}, drained: async () => {}, close: async () => {}, synced: noSyncs };
}

export interface Replay {
  /** What is not known to be drained, in the order in which it was acknowledged. */
  readonly writes: readonly JournaledWrite[];
  /** The highest number that any write had. */
  readonly lastId: number;
  /** Bytes of a torn record at the end that were cut off. Nothing in them was ever acknowledged. */
  readonly cutBytes: number;
}

export const emptyReplay: Replay = { writes: [], lastId: 0, cutBytes: 0 };

/** Length and checksum, both 32 bits, then JSON. */
const headerBytes = 8;
const longestRecordBytes = 4 * 1_048_576;

/**
 * A FileJournal appends to one file and syncs it before it says so; what is appended while a sync runs shares the
 * next one. When it has grown it is written anew with what is not drained, beside, and put in place by a rename.
 */
export class FileJournal implements Journal {
  readonly #path: string;
  readonly #compactAtBytes: number;
  #file: FileHandle;
  #bytes: number;
  #waiting: { record: JournaledWrite; resolve: () => void; reject: (error: Error) => void }[] = [];
  #notes: { record: JournalRecord; resolve: () => void }[] = [];
  #syncing: Promise<void> | undefined;
  #failed: Error | undefined;
  /** What a new file must hold. */
  readonly #writes: Map<number, JournaledWrite>;
  #synced = noSyncs;

  private constructor(
    path: string,
    file: FileHandle,
    bytes: number,
    writes: Map<number, JournaledWrite>,
    compactAtBytes: number,
  ) {
    this.#path = path;
    this.#file = file;
    this.#bytes = bytes;
    this.#compactAtBytes = compactAtBytes;
    this.#writes = writes;
  }

  static async open(
    path: string,
    { compactAtBytes = 4 * 1_048_576 } = {},
  ): Promise<{ journal: FileJournal; replay: Replay }> {
    const file = await open(path, 'a+');
    const content = await readFile(path);
    const { records, goodBytes } = decode(content);
    const writes = new Map<number, JournaledWrite>();
    let lastId = 0;
    for (const record of records) {
      if (record.type === 'write') writes.set(record.id, record);
      else for (const id of record.ids) writes.delete(id);
      lastId = Math.max(lastId, ...(record.type === 'write' ? [record.id] : record.ids));
    }
    const cutBytes = content.length - goodBytes;
    if (cutBytes > 0) await file.truncate(goodBytes);
    await file.sync();
    await syncFolder(path);
    return {
      journal: new FileJournal(path, file, goodBytes, writes, compactAtBytes),
      replay: { writes: [...writes.values()], lastId, cutBytes },
    };
  }

  get synced(): Syncs {
    return this.#synced;
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(record: JournaledWrite): Promise<void> {
    if (this.#failed) return Promise.reject(this.#failed);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record, resolve, reject });
      this.#syncing ??= this.#sync();
    });
  }

  drained(ids: readonly number[]): Promise<void> {
    for (const id of ids) this.#writes.delete(id);
    return new Promise((resolve) => {
      this.#notes.push({ record: { type: 'drained', ids }, resolve });
    });
  }

  async close(): Promise<void> {
    await this.#syncing;
    if (this.#notes.length > 0 && !this.#failed) await this.#sync();
    this.#failed ??= new Error('the journal is closed');
    await this.#file.close();
  }

  async #sync(): Promise<void> {
    try {
      do {
        const group = this.#waiting;
        const notes = this.#notes;
        this.#waiting = [];
        this.#notes = [];
        try {
          if (this.#bytes > this.#compactAtBytes) await this.#compact();
          const bytes = Buffer.concat([...group, ...notes].map(({ record }) => encode(record)));
          await writeAll(this.#file, bytes);
          const beganMs = performance.now();
          await this.#file.datasync();
          this.#count(performance.now() - beganMs);
          this.#bytes += bytes.length;
        } catch (error) {
          // After a failed write or sync nothing is known of the file's end: no further record is taken.
          this.#failed = error as Error;
          for (const { reject } of [...group, ...this.#waiting]) reject(this.#failed);
          this.#waiting = [];
          return;
        }
        for (const { record, resolve } of group) {
          this.#writes.set(record.id, record);
          resolve();
        }
        for (const { resolve } of notes) resolve();
      } while (this.#waiting.length > 0);
    } finally {
      this.#syncing = undefined;
    }
  }

  #count(tookMs: number): void {
    const { count, totalMs, longestMs } = this.#synced;
    this.#synced = {
      count: count + 1,
      totalMs: totalMs + tookMs,
      longestMs: Math.max(longestMs, tookMs),
    };
  }

  async #compact(): Promise<void> {
    const bytes = Buffer.concat([...this.#writes.values()].map(encode));
    // Little would be won: what is there is nearly all still needed.
    if (bytes.length > this.#bytes / 2) return;
    const beside = `${this.#path}.new`;
    const file = await open(beside, 'w');
    await writeAll(file, bytes);
    await file.datasync();
    await rename(beside, this.#path);
    await syncFolder(this.#path);
    await this.#file.close();
    this.#file = file;
    this.#bytes = bytes.length;
  }
}

export function encode(record: JournalRecord): Buffer {
  const payload = Buffer.from(JSON.stringify(record));
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32LE(payload.length, 0);
  header.writeUInt32LE(crc32(payload), 4);
  return Buffer.concat([header, payload]);
}

/** All whole records from the beginning, and where the first that is not whole begins. */
export function decode(content: Buffer): { records: JournalRecord[]; goodBytes: number } {
  const records: JournalRecord[] = [];
  let at = 0;
  while (at + headerBytes <= content.length) {
    const length = content.readUInt32LE(at);
    const end = at + headerBytes + length;
    if (length > longestRecordBytes || end > content.length) break;
    const payload = content.subarray(at + headerBytes, end);
    // A length of zero has the checksum zero: a run of zeros at the end must not pass for records.
    if (length === 0 || crc32(payload) !== content.readUInt32LE(at + 4)) break;
    records.push(JSON.parse(payload.toString()) as JournalRecord);
    at = end;
  }
  return { records, goodBytes: at };
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}

/** A file's name is safe only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
