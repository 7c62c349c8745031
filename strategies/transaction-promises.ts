import type { Promised } from '../harness/service/strategy.ts';

/** What a strategy promises that carries a whole transaction out in one transaction of its store. */
export const transactionPromises: readonly Promised[] = [
  { guarantee: 'strict-serializability' },
  { guarantee: 'atomic-visibility' },
  { guarantee: 'kept-sums' },
];
