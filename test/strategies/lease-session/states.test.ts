import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Session } from '../../../strategies/lease-session/session.ts';
import {
  nextState,
  type SessionEvent,
  type SessionState,
  sessionEvents,
  sessionStates,
} from '../../../strategies/lease-session/session-state.ts';
import { leaseSessionTimes } from '../../../strategies/lease-session/times.ts';

const never = 'cannot happen';

const transitions: readonly (readonly [SessionState, SessionEvent, SessionState | typeof never])[] = [
  ['active', 'heartbeat-answered', 'active'],
  ['active', 'heartbeat-missed', 'suspect'],
  ['active', 'connection-stands', 'active'],
  ['active', 'connection-failed', 'reconnecting'],
  ['active', 'renewed', 'active'],
  ['active', 'renewal-failed', 'reconnecting'],
  ['active', 'lapsed', 'reconnecting'],
  ['active', 'out-of-reach', never],
  ['active', 'lease-ended', 're-registering'],
  ['active', 'registered', never],
  ['active', 'registration-failed', never],

  ['suspect', 'heartbeat-answered', 'active'],
  ['suspect', 'heartbeat-missed', 'suspect'],
  ['suspect', 'connection-stands', 'suspect'],
  ['suspect', 'connection-failed', 'reconnecting'],
  ['suspect', 'renewed', 'active'],
  ['suspect', 'renewal-failed', 'reconnecting'],
  ['suspect', 'lapsed', 'reconnecting'],
  ['suspect', 'out-of-reach', never],
  ['suspect', 'lease-ended', 're-registering'],
  ['suspect', 'registered', never],
  ['suspect', 'registration-failed', never],

  ['reconnecting', 'heartbeat-answered', 'reconnecting'],
  ['reconnecting', 'heartbeat-missed', 'reconnecting'],
  ['reconnecting', 'connection-stands', 'suspect'],
  ['reconnecting', 'connection-failed', 'reconnecting'],
  ['reconnecting', 'renewed', 'active'],
  ['reconnecting', 'renewal-failed', 'reconnecting'],
  ['reconnecting', 'lapsed', 'offline'],
  ['reconnecting', 'out-of-reach', 'offline'],
  ['reconnecting', 'lease-ended', 're-registering'],
  ['reconnecting', 'registered', never],
  ['reconnecting', 'registration-failed', never],

  ['re-registering', 'heartbeat-answered', 're-registering'],
  ['re-registering', 'heartbeat-missed', 're-registering'],
  ['re-registering', 'connection-stands', 're-registering'],
  ['re-registering', 'connection-failed', 're-registering'],
  ['re-registering', 'renewed', never],
  ['re-registering', 'renewal-failed', never],
  ['re-registering', 'lapsed', never],
  ['re-registering', 'out-of-reach', never],
  ['re-registering', 'lease-ended', never],
  ['re-registering', 'registered', 'active'],
  ['re-registering', 'registration-failed', 'offline'],

  ['offline', 'heartbeat-answered', 'offline'],
  ['offline', 'heartbeat-missed', 'offline'],
  ['offline', 'connection-stands', 'offline'],
  ['offline', 'connection-failed', 'offline'],
  ['offline', 'renewed', 'active'],
  ['offline', 'renewal-failed', never],
  ['offline', 'lapsed', never],
  ['offline', 'out-of-reach', 'offline'],
  ['offline', 'lease-ended', 're-registering'],
  ['offline', 'registered', 'active'],
  ['offline', 'registration-failed', 'offline'],
];

describe('the transitions of a session', () => {
  test.each(transitions)('%s, %s: %s', (state, event, next) => {
    if (next === never) expect(() => nextState(state, event)).toThrow(`${state} should not be told ${event}`);
    else expect(nextState(state, event)).toBe(next);
  });

  test('every event in every state is in the table', () => {
    const named = transitions.map(([state, event]) => `${state} ${event}`);
    expect(new Set(named).size).toBe(named.length);
    expect(named.length).toBe(sessionStates.length * sessionEvents.length);
  });

  test('the documented table is the same', async () => {
    const page = await readFile(
      new URL('../../../strategies/lease-session/README.md', import.meta.url),
      'utf8',
    );
    const rows = page
      .split('\n')
      .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));
    const states = rows.find(([, first]) => first === 'event')!.slice(2, -1);
    const documented = sessionEvents.flatMap((event) => {
      const cells = rows.find(([, first]) => first === event)!.slice(2, -1);
      return states.map((state, i) => {
        const cell = cells[i];
        return `${state}, ${event}: ${cell === '·' ? state : cell === '–' ? never : cell}`;
      });
    });
    const told = transitions.map(([state, event, next]) => `${state}, ${event}: ${next}`);
    expect(documented.sort()).toEqual(told.sort());
  });
});

/** The times of the article: what is granted or renewed at 0 is certain to live until 9,800 ms. */
const times = leaseSessionTimes(1);
const life = times.ttlSeconds * 1_000 - times.marginMs;

type Script = (session: Session, clock: { nowMs: number }) => void;

const registration = { leaseId: '7587870000000000123', epoch: 41 };
const registers: Script = (session, clock) => session.registered(registration, clock.nowMs + life);
const renews: Script = (session, clock) => session.renewed(clock.nowMs + life);
const renewalFails: Script = (session) => session.renewalFailed();
const leaseEnds: Script = (session) => session.leaseEnded();
const registrationFails: Script = (session) => session.registrationFailed();
const heartbeat: Script = (session) => session.heartbeatSent();
const answer: Script = (session) => session.heartbeatAnswered();
const heartbeatFails: Script = (session) => session.heartbeatFailed();
const connectionFails: Script = (session) => session.connectionChecked(false);
const connectionStands: Script = (session) => session.connectionChecked(true);
const passed =
  (ms: number): Script =>
  (_session, clock) => {
    clock.nowMs += ms;
  };

const scripts: readonly (readonly [string, readonly (readonly [Script, SessionState])[]])[] = [
  ['it begins without a lease, and is active once registered', [[registers, 'active']]],
  [
    'a heartbeat is missed after 3 s and not before, and the next one that is answered ends the suspicion',
    [
      [registers, 'active'],
      [heartbeat, 'active'],
      [passed(2_999), 'active'],
      [passed(1), 'suspect'],
      [heartbeat, 'suspect'],
      [answer, 'active'],
      [passed(3_000), 'active'],
    ],
  ],
  [
    'an answer that comes too late ends the suspicion too',
    [
      [registers, 'active'],
      [heartbeat, 'active'],
      [passed(4_000), 'suspect'],
      [answer, 'active'],
    ],
  ],
  [
    'a refused heartbeat needs no 3 s, and a renewal shows as much as a heartbeat',
    [
      [registers, 'active'],
      [heartbeat, 'active'],
      [heartbeatFails, 'suspect'],
      [renews, 'active'],
    ],
  ],
  [
    'a failed renewal is tried again until it is acknowledged',
    [
      [registers, 'active'],
      [passed(5_000), 'active'],
      [renewalFails, 'reconnecting'],
      [renewalFails, 'reconnecting'],
      [answer, 'reconnecting'],
      [renews, 'active'],
      [passed(life - 1), 'active'],
      [passed(1), 'reconnecting'],
    ],
  ],
  [
    'a lease that lapses while renewals fail is offline at that moment, and back with the next renewal',
    [
      [registers, 'active'],
      [passed(5_000), 'active'],
      [renewalFails, 'reconnecting'],
      [passed(life - 5_001), 'reconnecting'],
      [passed(1), 'offline'],
      [renewalFails, 'offline'],
      [heartbeat, 'offline'],
      [answer, 'offline'],
      [renews, 'active'],
    ],
  ],
  [
    'a process that stood still asks before it calls itself offline',
    [
      [registers, 'active'],
      [passed(60_000), 'reconnecting'],
      [passed(60_000), 'reconnecting'],
      [renewalFails, 'offline'],
    ],
  ],
  [
    'one that stood still with a heartbeat under way has missed it and lapsed',
    [
      [registers, 'active'],
      [heartbeat, 'active'],
      [passed(60_000), 'reconnecting'],
      [connectionStands, 'reconnecting'],
      [leaseEnds, 're-registering'],
      [registers, 'active'],
      [passed(3_000), 'active'],
    ],
  ],
  [
    'a failed connection check is suspicion once it stands again, until something is answered',
    [
      [registers, 'active'],
      [connectionFails, 'reconnecting'],
      [connectionFails, 'reconnecting'],
      [connectionStands, 'suspect'],
      [heartbeat, 'suspect'],
      [answer, 'active'],
    ],
  ],
  [
    'a lease that has ended is replaced, and offline when none can be had',
    [
      [registers, 'active'],
      [leaseEnds, 're-registering'],
      [passed(60_000), 're-registering'],
      [heartbeatFails, 're-registering'],
      [connectionFails, 're-registering'],
      [registrationFails, 'offline'],
      [connectionStands, 'offline'],
      [registrationFails, 'offline'],
      [registers, 'active'],
    ],
  ],
  [
    'a lease that had lapsed is gone when the store says so',
    [
      [registers, 'active'],
      [renewalFails, 'reconnecting'],
      [passed(life), 'offline'],
      [leaseEnds, 're-registering'],
      [registers, 'active'],
      [passed(life - 1), 'active'],
    ],
  ],
  [
    'an acknowledgement that came later than the lease lives is not believed for long',
    [
      [registers, 'active'],
      [(session, clock) => session.renewed(clock.nowMs - 1), 'reconnecting'],
      [renewalFails, 'offline'],
    ],
  ],
];

describe('a session by its own clock, at the times of the article', () => {
  test.each(scripts)('%s', (_, steps) => {
    const clock = { nowMs: 1_000 };
    const session = new Session(times, () => clock.nowMs);
    expect(session.state).toBe('re-registering');
    const seen = steps.map(([step]) => {
      step(session, clock);
      return session.state;
    });
    expect(seen).toEqual(steps.map(([, state]) => state));
  });

  test('whatever happens, active and suspect mean that the lease is certain to live', () => {
    const held = [renews, renewalFails, leaseEnds, heartbeat, answer, heartbeatFails];
    const notHeld = [registers, registrationFails];
    const always = [connectionFails, connectionStands, passed(1), passed(2_999), passed(life)];
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 60 }), (draws) => {
        const clock = { nowMs: 1_000 };
        const session = new Session(times, () => clock.nowMs);
        for (const draw of draws) {
          const possible = [...(session.registration ? held : notHeld), ...always];
          possible[draw % possible.length]!(session, clock);
          const alive = session.aliveForMs > 0;
          if (['active', 'suspect'].includes(session.state)) expect(alive).toBe(true);
          if (session.state === 'offline') expect(alive).toBe(false);
          if (session.state === 're-registering') expect(session.registration).toBeNull();
        }
      }),
      { numRuns: 500 },
    );
  });

  test('the lease is certain to live only while it is held and has not lapsed', () => {
    const clock = { nowMs: 0 };
    const session = new Session(times, () => clock.nowMs);
    expect([session.registration, session.aliveForMs]).toEqual([null, 0]);
    session.registered(registration, life);
    clock.nowMs = 4_000;
    expect([session.registration, session.aliveForMs]).toEqual([registration, life - 4_000]);
    clock.nowMs = life;
    expect([session.registration, session.aliveForMs]).toEqual([registration, 0]);
    session.renewed(clock.nowMs + 1);
    expect(session.aliveForMs).toBe(1);
    session.leaseEnded();
    expect([session.registration, session.aliveForMs]).toEqual([null, 0]);
  });
});

test.each([
  [1, { ttl: 10_000, renewal: 5_000, heartbeat: [5_000, 3_000], connection: [10_000, 2_000] }],
  [0.5, { ttl: 5_000, renewal: 2_500, heartbeat: [2_500, 1_500], connection: [5_000, 1_000] }],
  [0.2, { ttl: 2_000, renewal: 1_000, heartbeat: [1_000, 600], connection: [2_000, 400] }],
])('the times of the article at scale %d', (scale, { ttl, renewal, heartbeat, connection }) => {
  const times = leaseSessionTimes(scale);
  expect([times.ttlSeconds * 1_000, times.renewEveryMs]).toEqual([ttl, renewal]);
  expect([times.heartbeatEveryMs, times.heartbeatLimitMs]).toEqual(heartbeat);
  expect([times.checkEveryMs, times.checkLimitMs]).toEqual(connection);
});
