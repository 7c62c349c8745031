import { hasTransactions, type Workload } from './load/workload.ts';
import type { Guarantee, Promised } from './service/strategy.ts';

/** What only transactions over several keys can show. */
const ofTransactions: readonly Guarantee[] = ['strict-serializability', 'atomic-visibility', 'kept-sums'];

/**
 * The promises that a load puts to the test. What it does not ask for at all is not unknown in its run, as something
 * that it asked for and never saw would be, but no question of it.
 */
export function askedPromises(
  promises: readonly Promised[],
  workload: Pick<Workload, 'mix'>,
): readonly Promised[] {
  if (hasTransactions(workload)) return promises;
  return promises.filter(({ guarantee }) => !ofTransactions.includes(guarantee));
}
