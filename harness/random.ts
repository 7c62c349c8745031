import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A Random is a seeded source of chance. All chance of a run comes from one seed through `fork`. */
export interface Random {
  /** In [0, 1). */
  number(): number;
  /** A whole number in [from, to], both included. */
  integer(from: number, to: number): number;
  pick<T>(items: readonly T[]): T;
  shuffle<T>(items: readonly T[]): T[];
  /** An independent stream: what one part draws never shifts what another draws. */
  fork(label: string): Random;
}

export function seeded(seed: number): Random {
  const generator = xoroshiro128plus(seed | 0);
  const integer = (from: number, to: number) => uniformInt(generator, from, to);
  return {
    integer,
    number: () => integer(0, 0x3fffffff) / 0x40000000,
    pick(items) {
      if (items.length === 0) throw new RangeError('cannot pick from an empty list');
      return items[integer(0, items.length - 1)]!;
    },
    shuffle(items) {
      const shuffled = [...items];
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = integer(0, i);
        [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
      }
      return shuffled;
    },
    fork: (label) => seeded(hash(`${seed}/${label}`)),
  };
}

/** FNV-1a, 32 bits: enough to tell labels apart. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
