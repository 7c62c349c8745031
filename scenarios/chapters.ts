/** A Chapter of the article behind Faultline, what of it is asked, and the scenarios that answer. */
export interface Chapter {
  readonly chapter: string;
  readonly asks: string;
  readonly scenarios: readonly string[];
}

/** Every chapter has its scenarios; scenarios/README.md shows the same, and a test holds the two together. */
export const chapters: readonly Chapter[] = [
  { chapter: '1', asks: 'concurrent writers on one key', scenarios: ['one-key'] },
  { chapter: '1', asks: 'lease expiry of a dead instance', scenarios: ['lease-expiry', 'instance-kill'] },
  { chapter: '1', asks: 'configuration pushed by watch', scenarios: ['configuration-push'] },
  {
    chapter: '2.1',
    asks: 'leader election observed',
    scenarios: ['leader-election', 'leader-partition', 'peer-latency'],
  },
  { chapter: '2.2', asks: 'write races', scenarios: ['write-serialisation', 'one-key'] },
  { chapter: '2.3', asks: 'watch delay and false alarms', scenarios: ['watch-lag'] },
  { chapter: '2.4', asks: 'a lease lost during a pause', scenarios: ['instance-pause'] },
  {
    chapter: '2.5',
    asks: 'split brain reproduced and refused',
    scenarios: ['split-brain', 'minority-partition'],
  },
  { chapter: '3.1', asks: 'multi-key transactions', scenarios: ['transactions'] },
  { chapter: '3.2', asks: 'linearizable reads during replica lag', scenarios: ['replica-lag'] },
  { chapter: '3.3', asks: 'conditional updates', scenarios: ['conditional-updates', 'one-key'] },
  { chapter: '4.1', asks: 'session stability', scenarios: ['session-stability', 'instance-pause'] },
  { chapter: '4.2', asks: 'graded reads under failover', scenarios: ['graded-reads'] },
  { chapter: '4.3', asks: 'write-behind under crash', scenarios: ['write-behind-crash'] },
  { chapter: '4.4', asks: 'the comparison of cache policies', scenarios: ['cache-comparison', 'steady'] },
  { chapter: '5', asks: 'an edge site behind a thin, slow, flapping link', scenarios: ['edge-site'] },
];
