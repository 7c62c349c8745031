import type { LeasesSeen, Observation } from '../history/observation.ts';

/** A LeaseEnd is that the lease of one registration was certainly gone, by some revision of etcd and some time. */
export interface LeaseEnd {
  readonly holder: string;
  readonly epoch: number;
  /** Whose answer showed it first. */
  readonly member: string;
  readonly goneByRevision: number;
  readonly goneByNs: number;
  /** When it was last asked for and there; undefined when it was seen only after it was gone elsewhere. */
  readonly heldAtNs: number | undefined;
}

/**
 * Every registration of which a member, having applied the revision that made it, showed that its key was gone. A
 * member that lags behind shows nothing of a registration it has not seen yet, and what it still shows may be gone
 * elsewhere: so that it is there proves nothing, that it is gone does. Only registrations that were seen there at least
 * once count, so that an observer which looks in the wrong place accuses nobody.
 */
export function leaseEnds(observations: readonly Observation[]): readonly LeaseEnd[] {
  const views = observations
    .filter((one): one is LeasesSeen => one.kind === 'leases')
    .sort((x, y) => x.answeredNs - y.answeredNs);
  const known = new Map<string, { holder: string; epoch: number; heldAtNs: number | undefined }>();
  for (const { held } of views) {
    for (const { holder, epoch } of held)
      known.set(`${holder} ${epoch}`, { holder, epoch, heldAtNs: undefined });
  }
  const ends = new Map<string, LeaseEnd>();
  for (const view of views) {
    const held = new Set(view.held.map(({ holder, epoch }) => `${holder} ${epoch}`));
    for (const [name, registration] of known) {
      if (ends.has(name)) continue;
      if (held.has(name)) registration.heldAtNs = view.askedNs;
      else if (view.revision >= registration.epoch) {
        const { holder, epoch, heldAtNs } = registration;
        ends.set(name, {
          holder,
          epoch,
          member: view.member,
          goneByRevision: view.revision,
          goneByNs: view.answeredNs,
          heldAtNs,
        });
      }
    }
  }
  return [...ends.values()];
}
