import type { MicroOperation } from '../../../harness/checker/transactions/micro-operation.ts';
import type { Operation, Outcome } from '../../../harness/history/operation.ts';
import { seeded } from '../../../harness/random.ts';

export interface GeneratedTransactions {
  readonly seed: number;
  readonly transactions: number;
  readonly clients: number;
  /** In use at a time; a list of 20 elements makes room for a new one. */
  readonly keys: number;
  /** Half of these happened. */
  readonly infoShare?: number;
  readonly failShare?: number;
}

const longest = 20;

/**
 * Transactions over lists as a strictly serializable store would have carried them out: each at one instant between
 * its sending and its return, and before the next one's instant.
 */
export function generateTransactions(options: GeneratedTransactions): Operation[] {
  const { transactions, clients, keys, infoShare = 0, failShare = 0 } = options;
  const random = seeded(options.seed);
  const lists = Array.from({ length: keys }, (_, i): { name: string; list: number[] } => ({
    name: `k${i}`,
    list: [],
  }));
  const freeNs = Array.from({ length: clients }, () => 0);
  const process = Array.from({ length: clients }, (_, i) => i);
  let lastProcess = clients;
  let element = 0;
  const operations: Operation[] = [];
  for (let i = 0, atNs = 1_000; i < transactions; i++, atNs += random.integer(1, 200)) {
    const client = random.integer(0, clients - 1);
    // Sent at any time since the client's last return; of one that is busy still, nothing is asked.
    if (freeNs[client]! >= atNs) continue;
    const chance = random.number();
    const outcome: Outcome = chance < infoShare ? 'info' : chance < infoShare + failShare ? 'fail' : 'ok';
    const happens = outcome === 'ok' || (outcome === 'info' && random.number() < 0.5);
    const held = new Map<number, number[]>();
    const steps = Array.from({ length: random.integer(1, 4) }, (): MicroOperation => {
      const key = random.integer(0, keys - 1);
      const { name, list } = lists[key]!;
      const own = held.get(key) ?? [...list];
      held.set(key, own);
      if (random.number() < 0.5) return ['r', name, outcome === 'ok' ? [...own] : null];
      own.push(++element);
      return ['append', name, element];
    });
    if (happens) {
      for (const [key, list] of held) {
        const isFull = list.length >= longest;
        lists[key] = isFull ? { name: `k${key}-${i}`, list: [] } : { ...lists[key]!, list };
      }
    }
    const returnNs = atNs + random.integer(0, 1_000);
    operations.push({
      process: process[client]!,
      f: 'txn',
      key: '',
      value: steps,
      outcome,
      invokeNs: Math.max(freeNs[client]!, atNs - random.integer(0, 1_000)),
      returnNs: outcome === 'info' ? Number.POSITIVE_INFINITY : returnNs,
      ...(outcome === 'info' && { endedNs: returnNs }),
    });
    freeNs[client] = returnNs;
    if (outcome === 'info') process[client] = lastProcess++;
  }
  return operations.sort((a, b) => a.invokeNs - b.invokeNs);
}
