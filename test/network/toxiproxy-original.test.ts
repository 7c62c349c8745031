import { describe, expect, test } from 'vitest';
import { builtPath, toxiproxy } from '../versions/programs.ts';
import { knownDifferences } from './known-differences.ts';
import { networkContract } from './network-contract.ts';
import { toxiproxyContract } from './toxiproxy-contract.ts';
import { embedded, original } from './toxiproxy-under-test.ts';

const path = await builtPath(toxiproxy);
if (path === null) {
  console.warn(
    `NOT TESTED: the contract and its known differences against the real Toxiproxy ${toxiproxy.version}, and a network on it; npm run test-programs builds it, where Go is`,
  );
}

describe.skipIf(path === null)('the original', () => {
  describe('keeps the contract', () => toxiproxyContract(() => original(path!)));
  describe('carries a network', () => networkContract(() => original(path!)));

  test.each(knownDifferences)('differs, and is known to: $what', async (difference) => {
    const { mostTimes } = difference;
    expect(await difference.probe(embedded)).toBe(difference.embedded);
    expect([difference.original, ...(mostTimes ? [difference.embedded] : [])]).toContain(
      await difference.probe((seed) => original(path!, seed)),
    );
  });
});
