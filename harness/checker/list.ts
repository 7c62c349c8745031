/** Every checker by its name, with what it demands; `faultline list checkers` shows them. */
export const checkers: readonly { readonly name: string; readonly demands: string }[] = [
  {
    name: 'linearizability',
    demands: "one order of each key's operations explains every answer and keeps to the clock",
  },
  { name: 'lost-writes', demands: 'no acknowledged write is missing at the end' },
  {
    name: 'staleness',
    demands: 'no read shows what was overwritten longer ago than promised, unless marked stale',
  },
  {
    name: 'read-your-writes',
    demands: 'a process never reads what was there before its own acknowledged write',
  },
  { name: 'monotonic-reads', demands: 'a process never reads an older value after a newer one' },
  { name: 'convergence', demands: 'after everything healed all instances answer the same' },
  {
    name: 'progress',
    demands: 'within the time promised after the last fault every kind of operation succeeds again',
  },
];
