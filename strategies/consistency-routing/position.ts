/**
 * A Position is a place in the primary's write-ahead log, written as PostgreSQL does: '16/B374D848'. Positions
 * grow with time, so "replayed up to P" means "shows everything that was committed before P".
 */
export type Position = string;

export function isPosition(text: string | undefined): text is Position {
  return text !== undefined && /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/i.test(text);
}

export function positionNumber(position: Position): bigint {
  const [high, low] = position.split('/') as [string, string];
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

export function laterPosition(a: Position | undefined, b: Position | undefined): Position | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return positionNumber(a) >= positionNumber(b) ? a : b;
}
