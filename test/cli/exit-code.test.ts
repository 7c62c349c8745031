import { expect, test } from 'vitest';
import { exitCodeOf } from '../../harness/cli/exit-code.ts';
import type { Cell, Manifest } from '../../harness/result.ts';

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
