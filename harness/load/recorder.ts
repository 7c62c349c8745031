import { type FileHandle, open } from 'node:fs/promises';

/**
 * A Recorder appends lines to a file as they come, in batches: none is older than 200 ms or larger than 64 KB
 * (as long as the disk keeps up) when it is handed to the system, so a crash loses at most the last one.
 * It never blocks: while the disk is slow lines wait in memory, and `full` says when there are too many.
 */
export class Recorder {
  readonly #file: FileHandle;
  #waiting = '';
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #failure: Error | undefined;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** The file is created, or continued when it exists: what is already written is never lost. */
  static async open(path: string): Promise<Recorder> {
    return new Recorder(await open(path, 'a'));
  }

  /** Each line with its newline. */
  write(lines: string): void {
    this.#waiting += lines;
    if (this.#waiting.length >= batchCharacters) this.#startWriting();
    else this.#timer ??= setTimeout(() => this.#startWriting(), batchMs);
  }

  /** What would be recorded now might not reach the disk: offer nothing more until it is false again. */
  get full(): boolean {
    return this.#waiting.length > fullCharacters || this.#failure !== undefined;
  }

  /** Resolves when all that was written so far is with the system. Throws when the file could not be written. */
  async flush(): Promise<void> {
    while (this.#waiting !== '' || this.#writing) {
      if (this.#failure) break;
      this.#startWriting();
      await this.#writing;
    }
    if (this.#failure) throw this.#failure;
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      clearTimeout(this.#timer);
      await this.#file.close();
    }
  }

  #startWriting(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#writing || this.#waiting === '' || this.#failure) return;
    const batch = this.#waiting;
    this.#waiting = '';
    this.#writing = this.#file.appendFile(batch).then(
      () => {
        this.#writing = undefined;
        if (this.#waiting.length >= batchCharacters) this.#startWriting();
        else if (this.#waiting !== '') this.#timer ??= setTimeout(() => this.#startWriting(), batchMs);
      },
      (error: Error) => {
        this.#writing = undefined;
        this.#failure = new Error(`the history could not be written: ${error.message}`, { cause: error });
      },
    );
  }
}

const batchMs = 200;
const batchCharacters = 64 * 1_024;
const fullCharacters = 64 * 1_024 * 1_024;
