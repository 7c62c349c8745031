/**
 * A PlantedFault is one line of a strategy and what stands in its place. The strategies themselves know nothing of it:
 * it is put into the text of the built module while that is loaded (plant.ts), so that what runs otherwise is, byte for
 * byte, what users run.
 */
export interface PlantedFault {
  /** The source, from the project's folder: 'strategies/lease-session/lease-session.ts'. */
  readonly file: string;
  /** The whole line of the built file, without its indentation. */
  readonly line: string;
  readonly becomes: string;
}

/** The text with its one line replaced. Throws a RangeError unless exactly one line of it is the fault's. */
export function planted(text: string, { file, line, becomes }: PlantedFault): string {
  if (becomes.includes('\n'))
    throw new RangeError(`${file}: a planted fault should be one line, got ${becomes}`);
  const lines = text.split('\n');
  const places = lines.flatMap((one, i) => (one.trim() === line ? [i] : []));
  if (places.length !== 1) {
    throw new RangeError(
      `${file}: expected exactly one line '${line}', found ${places.length}: the code has changed, change the fault too`,
    );
  }
  lines[places[0]!] = becomes;
  return lines.join('\n');
}
