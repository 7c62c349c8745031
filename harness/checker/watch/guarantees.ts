import { atomic } from './atomic.ts';
import { bookmarkable } from './bookmarkable.ts';
import { filter } from './filter.ts';
import type { WatchGuarantee } from './guarantee.ts';
import { isCreate } from './is-create.ts';
import { ordered } from './ordered.ts';
import { prevKv } from './prev-kv.ts';
import { reliable } from './reliable.ts';
import { resumable } from './resumable.ts';
import { unique } from './unique.ts';

/** All nine, in the order in which verdicts are told. */
export const watchGuarantees: readonly WatchGuarantee[] = [
  filter,
  ordered,
  unique,
  atomic,
  bookmarkable,
  resumable,
  isCreate,
  reliable,
  prevKv,
];
