import type { ClientTrap } from '../trap.ts';
import { droppedOptions } from './dropped-options.ts';
import { hoppingReads } from './hopping-reads.ts';
import { lateLost } from './late-lost.ts';
import { lockWithoutToken } from './lock-without-token.ts';
import { lostEvents } from './lost-events.ts';
import { retriedWrite } from './retried-write.ts';
import { silentWatch } from './silent-watch.ts';

/** What etcd's usual Node client does by default and its users do not expect. */
export const clientTraps: readonly ClientTrap[] = [
  retriedWrite,
  lateLost,
  lostEvents,
  silentWatch,
  hoppingReads,
  droppedOptions,
  lockWithoutToken,
];
