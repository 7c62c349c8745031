import type { Direction, ToxicType } from './toxic-type.ts';

/** A Toxic is a toxic type put on one direction of a proxy; updates change it in place, for live connections too. */
export interface Toxic {
  readonly name: string;
  readonly type: ToxicType;
  readonly direction: Direction;
  /** As it was written: 'UPSTREAM' is taken and told again as such. */
  readonly stream: string;
  /** The share of connections that it acts on. */
  toxicity: number;
  /** Replaced, never changed, so that a toxic sees that it is another. */
  attributes: Readonly<Record<string, number>>;
  /** How many of this name the proxy had before: a toxic that is put back draws anew. */
  readonly generation: number;
}

/** As the API tells it. */
export const describeToxic = (toxic: Toxic) => ({
  attributes: toxic.attributes,
  name: toxic.name,
  type: toxic.type.type,
  stream: toxic.stream,
  toxicity: toxic.toxicity,
});
