import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from './clock.ts';
import { drawSchedule } from './drawn-schedule.ts';
import type { FaultWindow } from './history/operation.ts';
import type { Injected, Nemesis, World } from './nemesis/nemesis.ts';
import { seeded } from './random.ts';
import {
  type Profile,
  profiles,
  type Scenario,
  type Schedule,
  type Step,
  scheduleBaseMs,
} from './scenario.ts';

/** The scenario's steps at the profile's length, in order of time; scenario, profile and seed decide them alone. */
export function planned(
  { schedule, members }: Pick<Scenario, 'schedule' | 'members'>,
  profile: Profile,
  seed: number,
): Step[] {
  const inOrder = (steps: readonly Step[]) => [...steps].sort((a, b) => a.atMs - b.atMs);
  if ('exactly' in schedule) return inOrder(schedule.exactly);
  if ('draw' in schedule) {
    const timesBy = profile.timeScale / profiles.quick.timeScale;
    return drawSchedule(schedule.draw, { members, profile, timesBy, random: seeded(seed).fork('schedule') });
  }
  const factor = profile.loadMs / scheduleBaseMs;
  return inOrder(schedule.map((step) => ({ ...step, atMs: step.atMs * factor, forMs: step.forMs * factor })));
}

/** Every nemesis that a schedule may bring. */
export function nemesesOf(schedule: Schedule): Nemesis[] {
  if ('draw' in schedule) return schedule.draw.choices.map(({ nemesis }) => nemesis);
  return ('exactly' in schedule ? schedule.exactly : schedule).map(({ nemesis }) => nemesis);
}

export interface ScheduleOptions {
  readonly steps: readonly Step[];
  readonly world: World;
  readonly clock: Clock;
  /** When the load began, on the clock; steps count from here. */
  readonly startNs: number;
  /** Told when a fault comes into force and when it is gone. */
  onChange?(active: readonly string[]): void;
}

export interface CarriedOut {
  /**
   * As they really were: from before the injection began until after the healing ended, so that what happened in
   * between counts as "during".
   */
  readonly windows: readonly FaultWindow[];
  /** What injecting or healing threw; the steps after an injection that failed were not carried out. */
  readonly failures: readonly unknown[];
  /** Steps that cannot be done on this machine, and why; they were left out. */
  readonly skipped: readonly SkippedStep[];
}

export interface SkippedStep {
  readonly nemesis: string;
  readonly reason: string;
}

/**
 * Carries a schedule out and heals everything, whatever happens: when a step cannot be injected, when the signal
 * aborts, when healing itself throws. Never throws.
 *
 * Injections come one after the other, each after all heals that were due before it: no more is broken at once than the
 * schedule says. A heal waits for its own injection alone, since what it waits for may be what the next heal brings back:
 * a member that is started inside of a cut needs the others. Only two that start the same program go in their order.
 */
export async function carryOut(options: ScheduleOptions): Promise<CarriedOut> {
  const { steps, world, clock, startNs } = options;
  const active = new Map<Step, Fault>();
  const windows: FaultWindow[] = [];
  const failures: unknown[] = [];
  const skipped: SkippedStep[] = [];
  const tell = () => options.onChange?.([...active.values()].map((a) => a.injected.sentence));
  const failed = new AbortController();
  const signal = AbortSignal.any([world.signal, failed.signal]);

  async function inject(step: Step, healed: readonly Promise<void>[]): Promise<void> {
    await Promise.all(healed);
    if (signal.aborted) return;
    try {
      const reason = await step.nemesis.unavailable?.();
      if (reason !== undefined) {
        skipped.push({ nemesis: step.nemesis.name, reason });
        return;
      }
      const fromNs = clock.nowNs();
      // Chance of its own for each, by when it comes: without one of the others it strikes whom it struck.
      const random = world.random.fork(`${step.nemesis.name} at ${step.atMs}`);
      const injected = await step.nemesis.inject({ ...world, random });
      active.set(step, { injected, fromNs, injectMs: (clock.nowNs() - fromNs) / 1e6 });
      tell();
    } catch (error) {
      if (!world.signal.aborted) failures.push(error);
      failed.abort();
    }
  }

  async function heal(step: Step, fault: Fault): Promise<void> {
    const healFromNs = clock.nowNs();
    try {
      await fault.injected.heal();
    } catch (error) {
      failures.push(error);
      failed.abort();
    } finally {
      active.delete(step);
      const toNs = clock.nowNs();
      windows.push({
        nemesis: step.nemesis.name,
        sentence: fault.injected.sentence,
        targets: fault.injected.targets,
        fromNs: fault.fromNs,
        toNs,
        injectMs: fault.injectMs,
        healMs: (toNs - healFromNs) / 1e6,
      });
      tell();
    }
  }

  const injections = new Map<Step, Promise<void>>();
  const heals = new Map<Step, Promise<void>>();
  function healOnce(step: Step): Promise<void> {
    const before = [...heals];
    const healing =
      heals.get(step) ??
      (async () => {
        await injections.get(step);
        const fault = active.get(step);
        if (fault === undefined) return;
        await Promise.all(
          before
            .filter(([other]) => startTheSame(fault, step, other, active.get(other)))
            .map(([, end]) => end),
        );
        await heal(step, fault);
      })();
    heals.set(step, healing);
    return healing;
  }

  const events = steps
    .flatMap((step) => [
      { atMs: step.atMs, step, kind: 'inject' as const },
      { atMs: step.atMs + step.forMs, step, kind: 'heal' as const },
    ])
    .sort((a, b) => a.atMs - b.atMs);
  let lastInjection = Promise.resolve();
  try {
    for (const { atMs, step, kind } of events) {
      const waitMs = (startNs - clock.nowNs()) / 1e6 + atMs;
      // Also when it is late: what was begun before has a turn, and what takes no time keeps its order.
      await sleep(Math.max(0, waitMs), undefined, { signal });
      if (kind === 'heal') {
        void healOnce(step);
        continue;
      }
      lastInjection = inject(step, [lastInjection, ...heals.values()]);
      injections.set(step, lastInjection);
    }
  } catch (error) {
    if (!signal.aborted) failures.push(error);
  }
  await lastInjection;
  await Promise.all([...heals.values(), ...[...active.keys()].map(healOnce)]);
  return { windows: windows.sort((a, b) => a.fromNs - b.fromNs), failures, skipped };
}

interface Fault {
  readonly injected: Injected;
  readonly fromNs: number;
  readonly injectMs: number;
}

/** Whether two heals would start one program twice, were they to go at the same time. */
function startTheSame(fault: Fault, step: Step, other: Step, of: Fault | undefined): boolean {
  if (!step.nemesis.healsByStarting || !other.nemesis.healsByStarting) return false;
  return of?.injected.targets.some((target) => fault.injected.targets.includes(target)) ?? false;
}
