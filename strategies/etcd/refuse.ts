import { Refused } from '../strategy.ts';
import { EtcdFailed } from './outcome.ts';

/** What a failed call to etcd means to the one who asked the service. A read that failed certainly did nothing. */
export function refuse(error: unknown, of: 'read' | 'write'): Refused {
  if (error instanceof Refused) return error;
  if (!(error instanceof EtcdFailed)) throw error;
  const outcome = of === 'read' || error.outcome === 'fail' ? 'fail' : 'info';
  return new Refused(error.silent ? 504 : 503, outcome, error.message);
}
