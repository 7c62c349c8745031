import { Refused } from '../strategy.ts';
import { EtcdFailed } from './outcome.ts';

/** What a failed call to etcd means to the one who asked the service. A read that failed certainly did nothing. */
export function refuse(error: unknown, of: 'read' | 'write'): Refused {
  if (error instanceof Refused) return error;
  if (!(error instanceof EtcdFailed)) throw error;
  const outcome = of === 'read' || error.outcome === 'fail' ? 'fail' : 'info';
  // INVALID_ARGUMENT, and NOT_FOUND as of a lease that a put names: asking again will not help.
  if (error.code === 3 || error.code === 5) return new Refused(400, 'fail', error.message);
  return new Refused(error.silent ? 504 : 503, outcome, error.message);
}
