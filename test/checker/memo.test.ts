import { expect, test } from 'vitest';
import { Memo } from '../../harness/checker/memo.ts';
import { seeded } from '../../harness/random.ts';

const unused = new Int32Array(0);

test('keys of one hash are told apart: of 300,000 keys some 20 share it with one of 300,000 others', () => {
  const random = seeded(7);
  const memo = new Memo();
  const known = new Set<string>();
  const key = new Int32Array(2);
  const draw = () => {
    key[0] = random.integer(0, 1_000_000);
    key[1] = random.integer(0, 1_000_000);
    return key.join(' ');
  };
  for (let i = 0; i < 300_000; i++) {
    known.add(draw());
    memo.add(key, 2, unused);
  }
  for (let i = 0; i < 300_000; i++) {
    const name = draw();
    if (memo.isHopeless(key, 2, unused) !== known.has(name)) expect.fail(`mistaken about ${name}`);
  }
});

test('hopeless is what has used as many of each kind as a hopeless one, or more', () => {
  const memo = new Memo();
  const key = Int32Array.of(1, 2, 3);
  memo.add(key, 3, Int32Array.of(0, 2, 1));
  expect(memo.isHopeless(key, 3, Int32Array.of(0, 2, 1))).toBe(true);
  expect(memo.isHopeless(key, 3, Int32Array.of(5, 2, 1))).toBe(true);
  expect(memo.isHopeless(key, 3, Int32Array.of(5, 1, 1))).toBe(false);
  expect(memo.isHopeless(key, 3, Int32Array.of(0, 2, 0))).toBe(false);
  expect(memo.isHopeless(key, 2, Int32Array.of(0, 2, 1))).toBe(false);
});
