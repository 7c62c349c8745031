import { closest, distance } from 'fastest-levenshtein';

/** A UsageError is a mistake in what was asked for: told in one line, before anything is started; exit 64. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Finds a thing by its name. @throws UsageError with the nearest name when there is none. */
export function named<T extends { readonly name: string }>(kind: string, name: string, all: readonly T[]): T {
  const found = all.find((item) => item.name === name);
  if (found) return found;
  const names = all.map((item) => item.name);
  const nearest = closest(name, names);
  const hint = distance(name, nearest) <= Math.max(2, name.length / 2) ? `; did you mean ${nearest}?` : '';
  throw new UsageError(`unknown ${kind} '${name}'${hint} (there are: ${names.join(', ')})`);
}

/** A whole number in [from, to]. @throws UsageError that names the option, the range and the value. */
export function wholeNumber(option: string, text: string, from: number, to: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= from && value <= to) return value;
  throw new UsageError(`${option} should be a whole number from ${from} to ${to}, got '${text}'`);
}

/** One of a few values. @throws UsageError that names the option, the values and what came. */
export function oneOf<T extends string | number>(option: string, text: string, values: readonly T[]): T {
  const found = values.find((value) => String(value) === text);
  if (found !== undefined) return found;
  throw new UsageError(`${option} should be one of ${values.join(', ')}, got '${text}'`);
}
