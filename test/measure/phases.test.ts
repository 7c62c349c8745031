import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FaultWindow } from '../../harness/history/operation.ts';
import { faultSpan, phaseAt, phasesOf } from '../../harness/measure/phases.ts';

/** A fault from and to these milliseconds; the load in these tests is from 1 s to 11 s of the run's clock. */
const fault = (fromMs: number, toMs: number): FaultWindow => ({
  nemesis: 'partition',
  sentence: '',
  targets: [],
  fromNs: fromMs * 1e6,
  toNs: toMs * 1e6,
});
const load = { loadFromNs: 1e9, loadToNs: 11e9 };

describe('phasesOf', () => {
  test.each<[string, FaultWindow[], [string, number, number][]]>([
    ['no faults', [], [['before', 0, 10_000]]],
    [
      'one fault',
      [fault(4_000, 7_000)],
      [
        ['before', 0, 3_000],
        ['during', 3_000, 6_000],
        ['after', 6_000, 10_000],
      ],
    ],
    [
      'two, told out of order: the pause between belongs to them',
      [fault(8_000, 9_000), fault(4_000, 5_000)],
      [
        ['before', 0, 3_000],
        ['during', 3_000, 8_000],
        ['after', 8_000, 10_000],
      ],
    ],
    ['from the beginning to past the end', [fault(500, 20_000)], [['during', 0, 10_000]]],
    [
      'never healed',
      [fault(4_000, Number.POSITIVE_INFINITY)],
      [
        ['before', 0, 3_000],
        ['during', 3_000, 10_000],
      ],
    ],
    [
      'only in the preflight and in the final reads',
      [fault(0, 1_000), fault(11_000, 12_000)],
      [['before', 0, 10_000]],
    ],
  ])('%s', (_, faults, expected) => {
    expect(phasesOf(faults, load).map(({ name, fromMs, toMs }) => [name, fromMs, toMs])).toEqual(expected);
  });

  test('whatever the faults, the phases are the whole load without gap or overlap', () => {
    const faults = fc.array(
      fc
        .tuple(fc.integer({ min: 0, max: 13_000 }), fc.integer({ min: 0, max: 13_000 }))
        .map(([a, b]) => fault(Math.min(a, b), Math.max(a, b))),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(
        faults,
        fc.double({ min: 0, max: 10_000, noNaN: true, maxExcluded: true }),
        (faults, atMs) => {
          const phases = phasesOf(faults, load);
          expect(phases[0]!.fromMs).toBe(0);
          expect(phases.at(-1)!.toMs).toBe(10_000);
          for (let i = 1; i < phases.length; i++) expect(phases[i]!.fromMs).toBe(phases[i - 1]!.toMs);
          const phase = phases.find((p) => p.name === phaseAt(phases, atMs))!;
          expect(phase.fromMs <= atMs && atMs < phase.toMs).toBe(true);
          const span = faultSpan(faults, load);
          expect(phases.some((p) => p.name === 'during')).toBe(span !== null && span.toMs > span.fromMs);
        },
      ),
    );
  });
});
