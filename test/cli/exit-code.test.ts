import { expect, test } from 'vitest';
import { exitCodeOf } from '../../harness/cli/exit-code.ts';
import type { Cell, Manifest, Measured } from '../../harness/result.ts';

test.each<[what: string, states: ('kept' | 'broken' | 'unknown')[], code: number]>([
  ['all that was measured held', ['kept'], 0],
  ['one did not', ['kept', 'broken'], 1],
  ['one could not be judged', ['unknown', 'kept'], 2],
])('measured alone: %s', (_, states, code) => {
  const measurements = states.map((state) => ({ state }) as Measured);
  const manifest = { interrupted: false } as Manifest;
  expect(exitCodeOf({ cells: [], measurements, manifest })).toBe(code);
});

test.each<[what: string, verdicts: Cell['verdict'][], interrupted: boolean, code: number]>([
  ['all kept', ['kept', 'kept'], false, 0],
  ['one broken', ['kept', 'broken'], false, 1],
  ['one unknown', ['kept', 'unknown'], false, 2],
  ['one spoiled by the environment', ['kept', 'error'], false, 3],
  ['spoiled outweighs unknown', ['unknown', 'error'], false, 3],
  ['broken outweighs all', ['unknown', 'error', 'broken', 'kept'], false, 1],
  ['cut short is never kept', ['kept'], true, 2],
  ['nothing was run', [], false, 2],
])('%s', (_, verdicts, interrupted, code) => {
  const cells = verdicts.map((verdict) => ({ verdict }) as Cell);
  expect(exitCodeOf({ cells, manifest: { interrupted } as Manifest })).toBe(code);
});
