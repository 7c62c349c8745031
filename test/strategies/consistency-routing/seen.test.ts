import { describe, expect, test } from 'vitest';
import { andThen, parseSeen, tokenOf } from '../../../strategies/consistency-routing/seen.ts';

describe('a session token', () => {
  test.each([
    ['16/B374D848', { position: '16/B374D848', atReplica: false }],
    ['16/B374D848+replica', { position: '16/B374D848', atReplica: true }],
  ])('%s is read as it was told', (token, seen) => {
    expect(parseSeen(token)).toEqual(seen);
    expect(tokenOf(seen)).toBe(token);
  });

  test.each([undefined, '', '+replica', '41', '16/B374D848+primary', '16/B374D848+replica+replica', '16/'])(
    '%s is none',
    (token) => {
      expect(parseSeen(token)).toBeUndefined();
    },
  );

  test.each([
    ['nothing, then the primary', undefined, '0/2', '0/2'],
    ['nothing, then the replica', undefined, '0/2+replica', '0/2+replica'],
    ['the replica, then a later primary: the mark stays', '0/1+replica', '0/2', '0/2+replica'],
    ['the primary, then an earlier replica: the later position', '0/FF', '0/2+replica', '0/FF+replica'],
    ['positions are numbers, not texts', '0/FF', '0/100', '0/100'],
  ])('%s', (_, before, now, both) => {
    expect(tokenOf(andThen(parseSeen(before), parseSeen(now)!))).toBe(both);
  });
});
