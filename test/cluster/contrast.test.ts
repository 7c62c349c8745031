import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Contrast } from '../../harness/cluster/contrast.ts';
import { arrived, type Pair, receivedFrom } from '../../harness/cluster/peer-traffic.ts';

const held: Pair = { from: 'm1', to: 'm2' };
const free: Pair = { from: 'm1', to: 'm3' };

/** What has arrived of the held pair and of the free one, asked again and again. */
function contrast(...countings: [held: number, free: number][]): Contrast {
  const judged = new Contrast({ silent: [held], talking: [free] });
  for (const counting of countings)
    judged.add({ received: (pair) => (pair === held ? counting[0] : counting[1]) });
  return judged;
}

describe('one is silent while the other is heard three times', () => {
  test.each([
    ['nothing was heard of either', false, contrast([5, 5], [5, 5], [5, 5], [5, 5])],
    ['the other is heard twice', false, contrast([5, 5], [5, 6], [5, 7])],
    ['the other is heard three times', true, contrast([5, 5], [5, 6], [5, 7], [5, 8])],
    ['with pauses', true, contrast([5, 5], [5, 6], [5, 6], [5, 7], [5, 7], [5, 8])],
    ['much at once is once', false, contrast([5, 5], [5, 50], [5, 60])],
    ['both go on', false, contrast([5, 5], [6, 6], [7, 7], [8, 8], [9, 9])],
    ['what was under way arrives, then silence', true, contrast([5, 5], [6, 6], [6, 7], [6, 8], [6, 9])],
    ['it arrives late: all over again', false, contrast([5, 5], [5, 6], [5, 7], [6, 8], [6, 9], [6, 10])],
  ])('%s', (_what, shown, judged) => {
    expect(judged.shown).toBe(shown);
  });

  test('who is to blame is told', () => {
    expect(contrast([5, 5], [6, 6], [7, 7]).missing).toEqual({ loud: [held], stopped: [] });
    expect(contrast([5, 5], [5, 5], [5, 5]).missing).toEqual({ loud: [], stopped: [free] });
  });

  test('a leader that both hear in every beat is never taken for a contrast, whenever they are asked', () => {
    const beatMs = 50;
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            gapMs: fc.integer({ min: 1, max: 60 }),
            heldAfterMs: fc.integer({ min: 0, max: 20 }),
            freeAfterMs: fc.integer({ min: 0, max: 20 }),
          }),
          { minLength: 1, maxLength: 60 },
        ),
        fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 2, maxLength: 2 }),
        (askings, [heldTakesMs, freeTakesMs]) => {
          const beatsUntil = (atMs: number) => Math.floor(atMs / beatMs);
          const judged = new Contrast({ silent: [held], talking: [free] });
          let nowMs = 1_000;
          for (const { gapMs, heldAfterMs, freeAfterMs } of askings) {
            const askedMs = nowMs + gapMs;
            const counts = {
              held: beatsUntil(askedMs + heldAfterMs - heldTakesMs!),
              free: beatsUntil(askedMs + freeAfterMs - freeTakesMs!),
            };
            judged.add({ received: (pair) => (pair === held ? counts.held : counts.free) });
            expect(judged.shown).toBe(false);
            nowMs = askedMs + Math.max(heldAfterMs, freeAfterMs);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

test('what arrived between two countings', () => {
  const count = (counts: Record<string, number>) => ({ received: ({ to }: Pair) => counts[to] ?? 0 });
  expect(arrived([held, free], count({ m2: 1, m3: 4 }), count({ m2: 1, m3: 5 }))).toEqual([free]);
});

test('what members count is read from their metrics', () => {
  const metrics = [
    '# HELP etcd_network_peer_received_bytes_total The total number of bytes received from peers.',
    'etcd_network_peer_received_bytes_total{From="6b1de6b6682a527f"} 1936',
    'etcd_network_peer_received_bytes_total{From="9609bd2e7c210f06"} 1.150e+06',
    'etcd_network_peer_sent_bytes_total{To="6b1de6b6682a527f"} 7',
    'etcd_network_peer_received_failures_total{From="6b1de6b6682a527f"} 3',
  ].join('\n');
  expect(receivedFrom(metrics)).toEqual(
    new Map([
      ['6b1de6b6682a527f', 1936],
      ['9609bd2e7c210f06', 1_150_000],
    ]),
  );
});
