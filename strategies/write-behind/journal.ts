import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';

/** A JournalRecord is a write that is to be acknowledged, or a batch of such writes that is about to be sent. */
export type JournalRecord =
  | { readonly type: 'write'; readonly id: number; readonly key: string; readonly value?: unknown }
  | { readonly type: 'batch'; readonly number: number; readonly ids: readonly number[] };

export type JournaledWrite = Extract<JournalRecord, { type: 'write' }>;
export type JournaledBatch = Extract<JournalRecord, { type: 'batch' }>;

/** A Journal keeps what was acknowledged until it is drained. */
export interface Journal {
  /** Resolves once the record is safe; records are safe in the order in which they were appended. */
  append(record: JournalRecord): Promise<void>;
  /** These writes are drained: they need not be kept. */
  drained(ids: readonly number[]): void;
  close(): Promise<void>;
}

/** The noop member: nothing is kept, so nothing survives. */
export function memoryJournal(): Journal {
  return { append: async () => {}, drained: () => {}, close: async () => {} };
}

export interface Replay {
  readonly writes: readonly JournaledWrite[];
  /** In the order in which they were sent; all but the last were certainly answered. */
  readonly batches: readonly JournaledBatch[];
  /** Bytes of a torn record at the end that were cut off. Nothing in them was ever acknowledged. */
  readonly cutBytes: number;
}

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
  #waiting: { record: JournalRecord; resolve: () => void; reject: (error: Error) => void }[] = [];
  #syncing: Promise<void> | undefined;
  #failed: Error | undefined;
  /** What a new file must hold. */
  readonly #writes = new Map<number, JournaledWrite>();
  readonly #batches = new Map<number, JournaledBatch>();
  syncs = 0;

  private constructor(path: string, file: FileHandle, bytes: number, replay: Replay, compactAtBytes: number) {
    this.#path = path;
    this.#file = file;
    this.#bytes = bytes;
    this.#compactAtBytes = compactAtBytes;
    for (const record of [...replay.writes, ...replay.batches]) this.#keep(record);
  }

  static async open(
    path: string,
    { compactAtBytes = 4 * 1_048_576 } = {},
  ): Promise<{ journal: FileJournal; replay: Replay }> {
    const file = await open(path, 'a+');
    const content = await readFile(path);
    const { records, goodBytes } = decode(content);
    const replay: Replay = {
      writes: records.filter((record) => record.type === 'write'),
      batches: records.filter((record) => record.type === 'batch'),
      cutBytes: content.length - goodBytes,
    };
    if (replay.cutBytes > 0) await file.truncate(goodBytes);
    await file.sync();
    await syncFolder(path);
    return { journal: new FileJournal(path, file, goodBytes, replay, compactAtBytes), replay };
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(record: JournalRecord): Promise<void> {
    if (this.#failed) return Promise.reject(this.#failed);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record, resolve, reject });
      this.#syncing ??= this.#sync();
    });
  }

  drained(ids: readonly number[]): void {
    for (const id of ids) this.#writes.delete(id);
    for (const [number, batch] of this.#batches) {
      if (batch.ids.every((id) => !this.#writes.has(id))) this.#batches.delete(number);
    }
  }

  async close(): Promise<void> {
    await this.#syncing;
    this.#failed ??= new Error('the journal is closed');
    await this.#file.close();
  }

  async #sync(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const group = this.#waiting;
        this.#waiting = [];
        try {
          if (this.#bytes > this.#compactAtBytes) await this.#compact();
          const bytes = Buffer.concat(group.map(({ record }) => encode(record)));
          await writeAll(this.#file, bytes);
          await this.#file.datasync();
          this.#bytes += bytes.length;
          this.syncs += 1;
        } catch (error) {
          // After a failed write or sync nothing is known of the file's end: no further record is taken.
          this.#failed = error as Error;
          for (const { reject } of [...group, ...this.#waiting]) reject(this.#failed);
          this.#waiting = [];
          return;
        }
        for (const { record, resolve } of group) {
          this.#keep(record);
          resolve();
        }
      }
    } finally {
      this.#syncing = undefined;
    }
  }

  async #compact(): Promise<void> {
    const bytes = Buffer.concat([...this.#writes.values(), ...this.#batches.values()].map(encode));
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

  #keep(record: JournalRecord): void {
    if (record.type === 'write') this.#writes.set(record.id, record);
    else this.#batches.set(record.number, record);
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
