/** The states of a session; README.md beside this file says what each allows. */
export const sessionStates = ['active', 'suspect', 'reconnecting', 're-registering', 'offline'] as const;
export type SessionState = (typeof sessionStates)[number];

/** What can happen to a session. `missed` and `lapsed` are told by the clock, all others by what etcd answers or does not. */
export const sessionEvents = [
  /** A heartbeat was answered, and the registration is still ours. */
  'heartbeat-answered',
  'heartbeat-missed',
  /** The member that the watch listens to is there and has a leader. */
  'connection-stands',
  'connection-failed',
  'renewed',
  /** No member acknowledged a renewal, and the lease is certain to live on. */
  'renewal-failed',
  /** By our own clock the lease is not certain to live any more. */
  'lapsed',
  /** No member acknowledged a renewal, and the lease is not certain to live. */
  'out-of-reach',
  /** The store says that the lease or its registration is gone. */
  'lease-ended',
  'registered',
  'registration-failed',
] as const;
export type SessionEvent = (typeof sessionEvents)[number];

/** Stands where an event cannot happen: what would tell it does not run in that state, or drops what comes late. */
const never = null;

/** The one table of all transitions. */
export const sessionTransitions: Readonly<
  Record<SessionState, Readonly<Record<SessionEvent, SessionState | null>>>
> = {
  active: {
    'heartbeat-answered': 'active',
    'heartbeat-missed': 'suspect',
    'connection-stands': 'active',
    'connection-failed': 'reconnecting',
    renewed: 'active',
    'renewal-failed': 'reconnecting',
    // As when the process stood still: a member is asked before it is called offline.
    lapsed: 'reconnecting',
    // The lapse is always told first.
    'out-of-reach': never,
    'lease-ended': 're-registering',
    registered: never,
    'registration-failed': never,
  },
  suspect: {
    'heartbeat-answered': 'active',
    'heartbeat-missed': 'suspect',
    'connection-stands': 'suspect',
    'connection-failed': 'reconnecting',
    renewed: 'active',
    'renewal-failed': 'reconnecting',
    lapsed: 'reconnecting',
    'out-of-reach': never,
    'lease-ended': 're-registering',
    registered: never,
    'registration-failed': never,
  },
  reconnecting: {
    // That etcd answers someone does not renew the lease.
    'heartbeat-answered': 'reconnecting',
    'heartbeat-missed': 'reconnecting',
    // Connected again, but neither a heartbeat nor a renewal has been answered since.
    'connection-stands': 'suspect',
    'connection-failed': 'reconnecting',
    renewed: 'active',
    'renewal-failed': 'reconnecting',
    lapsed: 'offline',
    'out-of-reach': 'offline',
    'lease-ended': 're-registering',
    registered: never,
    'registration-failed': never,
  },
  're-registering': {
    'heartbeat-answered': 're-registering',
    'heartbeat-missed': 're-registering',
    'connection-stands': 're-registering',
    'connection-failed': 're-registering',
    renewed: never,
    'renewal-failed': never,
    lapsed: never,
    'out-of-reach': never,
    'lease-ended': never,
    registered: 'active',
    'registration-failed': 'offline',
  },
  offline: {
    'heartbeat-answered': 'offline',
    'heartbeat-missed': 'offline',
    'connection-stands': 'offline',
    'connection-failed': 'offline',
    // The lease may outlive our belief in it: a new leader grants every lease its whole life again.
    renewed: 'active',
    'renewal-failed': never,
    lapsed: never,
    'out-of-reach': 'offline',
    'lease-ended': 're-registering',
    registered: 'active',
    'registration-failed': 'offline',
  },
};

/** Throws where the event cannot happen: then the program is wrong, not etcd. */
export function nextState(state: SessionState, event: SessionEvent): SessionState {
  const next = sessionTransitions[state][event];
  if (next !== null) return next;
  throw new Error(`a session that is ${state} should not be told ${event}, but was`);
}
