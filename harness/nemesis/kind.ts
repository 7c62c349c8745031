import type { Nemesis, NemesisOptions } from './nemesis.ts';

/** A NemesisKind is a nemesis before its options are chosen: what is listed, and what a schedule's file names. */
export interface NemesisKind {
  readonly name: string;
  readonly summary: string;
  /** A JSON schema for each option; all may be left out. */
  readonly options: Readonly<Record<string, OptionSchema>>;
  /** Throws RangeError when options contradict each other; that each fits its schema is for the caller to see to. */
  make(options: NemesisOptions): Nemesis;
}

export type OptionSchema =
  | { readonly enum: readonly string[] }
  | { readonly type: 'integer'; readonly minimum: number; readonly maximum: number };

/** The kind of what a factory makes; it is named and summed up as it is without options. */
export function kind<Options extends object>(
  factory: (options: Options) => Nemesis,
  options: { readonly [Name in keyof Options]?: OptionSchema },
): NemesisKind {
  const { name, summary } = factory({} as Options);
  return {
    name,
    summary,
    options: options as NemesisKind['options'],
    make: (chosen) => factory(chosen as Options),
  };
}

export function oneOf(...values: readonly string[]): OptionSchema {
  return { enum: values };
}

export function wholeNumber(minimum: number, maximum: number): OptionSchema {
  return { type: 'integer', minimum, maximum };
}
