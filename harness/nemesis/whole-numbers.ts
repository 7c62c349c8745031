/** Throws RangeError for the first that is no whole number in [from, to]. `{ everyMs: 200 }` */
export function wholeNumbers(values: Readonly<Record<string, number>>, from: number, to = 86_400_000): void {
  for (const [name, value] of Object.entries(values)) {
    if (!(Number.isInteger(value) && value >= from && value <= to))
      throw new RangeError(`${name} should be a whole number from ${from} to ${to}, got ${value}`);
  }
}
