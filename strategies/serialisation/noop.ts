import type { SerialisationKind } from './serialisation.ts';

/** Nothing is kept apart: writes are lost whenever one awaits between its read and its write. */
export const noop: SerialisationKind = {
  name: 'noop',
  summary: 'everything runs at once',
  create: () => ({ name: 'noop', read: async (work) => work(), write: async (work) => work() }),
};
