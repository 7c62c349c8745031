import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { peerCounters } from '../../harness/cluster/peer-traffic.ts';
import { Silence } from '../../harness/cluster/silence.ts';

const pair = { from: 'm1', to: 'm2' };

/** Samples of one pair: [at ms, sent, received]. */
function judged(...samples: [atMs: number, sent: number, received: number][]): Silence {
  const silence = new Silence([pair]);
  for (const [atMs, sent, received] of samples)
    silence.add({ sent: () => sent, received: () => received }, atMs);
  return silence;
}

describe('silent: sent, and not received 100 ms later', () => {
  test.each([
    ['nothing was sent: nothing is shown', false, judged([0, 10, 10], [500, 10, 10])],
    ['sent just now', false, judged([0, 10, 10], [50, 20, 10], [149, 20, 10])],
    ['sent, and not received', true, judged([0, 10, 10], [50, 20, 10], [150, 20, 10])],
    [
      'received later than the sample of the sending',
      false,
      judged([0, 10, 10], [50, 20, 10], [150, 20, 20]),
    ],
    ['received in part', false, judged([0, 10, 10], [50, 30, 10], [150, 30, 20])],
    [
      'received after it was taken for silent',
      false,
      judged([0, 10, 10], [50, 20, 10], [150, 20, 10], [200, 20, 20]),
    ],
    [
      'what was under way arrives, then silence',
      true,
      judged([0, 10, 5], [30, 20, 10], [60, 30, 10], [159, 30, 10], [160, 30, 10]),
    ],
    [
      'what was under way arrives: the judgement starts again',
      false,
      judged([0, 10, 5], [30, 20, 5], [100, 20, 10], [131, 20, 10]),
    ],
  ])('%s', (_what, silent, silence) => {
    expect(silence.notSilent([pair])).toEqual(silent ? [] : [pair]);
  });

  test('whatever the moments, a pair whose every message is counted within 100 ms is never silent', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 0, max: 99 })), {
          maxLength: 30,
        }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 60 }),
        (messages, gaps) => {
          let sentAt = 0;
          const moments = messages.map(([gap, delay]) => {
            sentAt += gap;
            return { sentAt, receivedAt: sentAt + delay };
          });
          const silence = new Silence([pair]);
          let now = 0;
          for (const gap of gaps) {
            now += gap;
            const at = now;
            silence.add(
              {
                sent: () => moments.filter((m) => m.sentAt <= at).length,
                received: () => moments.filter((m) => m.receivedAt <= at).length,
              },
              at,
            );
            expect(silence.notSilent([pair])).toEqual([pair]);
          }
        },
      ),
    );
  });
});

test.each([
  [0, judged([0, 1, 1], [50, 2, 1])],
  [1, judged([0, 1, 1], [50, 2, 2], [90, 2, 2])],
  [2, judged([0, 1, 1], [50, 2, 2], [90, 3, 3])],
])('talking is what has grown twice (here %i times)', (growths, silence) => {
  expect(silence.notTalking([pair])).toEqual(growths < 2 ? [pair] : []);
});

test("members' counters are read from their metrics", () => {
  const metrics = [
    '# HELP etcd_network_peer_sent_bytes_total The total number of bytes sent to peers.',
    'etcd_network_peer_sent_bytes_total{To="6b1de6b6682a527f"} 1936',
    'etcd_network_peer_received_bytes_total{From="9609bd2e7c210f06"} 1.150e+06',
    'etcd_network_peer_sent_failures_total{To="6b1de6b6682a527f"} 3',
    'etcd_network_active_peers{Local="7e9d0ecd5601875c",Remote="6b1de6b6682a527f"} 1',
  ].join('\n');
  expect(peerCounters(metrics)).toEqual([
    { way: 'sent', hexId: '6b1de6b6682a527f', bytes: 1936 },
    { way: 'received', hexId: '9609bd2e7c210f06', bytes: 1_150_000 },
  ]);
});
