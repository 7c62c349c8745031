/** A HistoryError says which line of a history file cannot be what it should be. The command prints it and exits 64. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError';

  constructor(
    readonly file: string,
    /** From 1; 0 when the file as a whole is meant. */
    readonly line: number,
    problem: string,
  ) {
    super(line === 0 ? `${file}: ${problem}` : `${file}:${line}: ${problem}`);
  }
}
