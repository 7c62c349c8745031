import { channel } from './channel.ts';
import { mutex } from './mutex.ts';
import { noop } from './noop.ts';
import { readWriteLock } from './read-write-lock.ts';
import type { SerialisationKind } from './serialisation.ts';

export const serialisations: readonly SerialisationKind[] = [noop, mutex, readWriteLock, channel];
