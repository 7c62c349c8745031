import type { InitializeHook, LoadHook } from 'node:module';

/** The module that is replaced, and its text. */
export interface Replacement {
  readonly url: string;
  readonly source: string;
}

let replacement: Replacement | undefined;

export const initialize: InitializeHook<Replacement> = (given) => {
  replacement = given;
};

export const load: LoadHook = async (url, context, nextLoad) => {
  if (url !== replacement?.url) return nextLoad(url, context);
  return { format: 'module', source: replacement.source, shortCircuit: true };
};
