import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Namespace, prefixEnd } from '../../harness/cluster/external/namespace.ts';
import { hasKeys } from '../../harness/cluster/external/permitted.ts';

const namespace = new Namespace('/f/');
const b = (text: string) => Buffer.from(text);
const b64 = (text: string) => b(text).toString('base64');

describe('a request is about keys under the prefix', () => {
  const table: [what: string, asked: unknown, sent: unknown][] = [
    ['one key', { key: b('a') }, { key: b('/f/a') }],
    ['one key, its end empty', { key: b('a'), range_end: b('') }, { key: b('/f/a'), range_end: b('') }],
    ['a range', { key: b('a'), range_end: b('b') }, { key: b('/f/a'), range_end: b('/f/b') }],
    ['all keys', { key: b('\0'), range_end: b('\0') }, { key: b('/f/\0'), range_end: b('/f0') }],
    ['from no key on', { range_end: b('\0') }, { key: b('/f/'), range_end: b('/f0') }],
    ['base64', { key: b64('a'), range_end: b64('\0') }, { key: b64('/f/a'), range_end: b64('/f0') }],
    ['a value is no key', { key: b('a'), value: b('key') }, { key: b('/f/a'), value: b('key') }],
    [
      'a transaction within a transaction',
      {
        compare: [{ key: b('a'), range_end: b('\0'), mod_revision: '3' }],
        success: [
          { request_txn: { failure: [{ request_delete_range: { key: b('c'), range_end: b('\0') } }] } },
        ],
      },
      {
        compare: [{ key: b('/f/a'), range_end: b('/f0'), mod_revision: '3' }],
        success: [
          { request_txn: { failure: [{ request_delete_range: { key: b('/f/c'), range_end: b('/f0') } }] } },
        ],
      },
    ],
    [
      'a watch',
      { create_request: { key: b('a'), start_revision: '5' } },
      { create_request: { key: b('/f/a'), start_revision: '5' } },
    ],
  ];
  test.each(table)('%s', (_, asked, sent) => expect(namespace.request(asked)).toEqual(sent));
});

test('an answer tells keys without it, and one from elsewhere is an error', () => {
  expect(
    namespace.answer({ header: { revision: '7' }, kvs: [{ key: b('/f/a'), value: b('/f/x') }] }),
  ).toEqual({
    header: { revision: '7' },
    kvs: [{ key: b('a'), value: b('/f/x') }],
  });
  expect(namespace.answer({ ID: '1', keys: [b('/f/a')] })).toEqual({ ID: '1', keys: [b('a')] });
  expect(namespace.answer({ events: [{ kv: { key: b('/f/a') }, prev_kv: null }] })).toEqual({
    events: [{ kv: { key: b('a') }, prev_kv: null }],
  });
  expect(() => namespace.answer({ kvs: [{ key: b('/g/a') }] })).toThrow('expected keys under /f/, got /g/a');
});

test('whatever the range, nothing outside of the prefix is in it', () => {
  const bytes = fc.uint8Array({ maxLength: 4 }).map((some) => Buffer.from(some));
  fc.assert(
    fc.property(bytes, bytes, fc.uint8Array({ minLength: 1, maxLength: 6 }), (key, end, other) => {
      const asked = namespace.request({ key, range_end: end }) as { key: Buffer; range_end: Buffer };
      const [from, to, one] = [asked.key, asked.range_end, Buffer.from(other)];
      const within = to.length === 0 ? one.equals(from) : one.compare(from) >= 0 && one.compare(to) < 0;
      expect(within && !one.subarray(0, 3).equals(b('/f/'))).toBe(false);
      expect(to.length === 1 && to[0] === 0).toBe(false);
    }),
  );
});

test('the end of a prefix is the first key behind it', () => {
  expect(prefixEnd(b('ab'))).toEqual(b('ac'));
  expect(prefixEnd(Buffer.from([0x61, 0xff]))).toEqual(b('b'));
  expect(prefixEnd(Buffer.from([0xff]))).toEqual(Buffer.from([0]));
});

test.each([
  '/etcdserverpb.KV/Compact',
  '/etcdserverpb.Maintenance/Defragment',
  '/etcdserverpb.Maintenance/HashKV',
  '/etcdserverpb.Cluster/MemberRemove',
  '/etcdserverpb.Auth/UserAdd',
  '/v3/kv/compaction',
])('%s is not asked of a cluster that others use', (method) => {
  expect(() => hasKeys(method)).toThrow(`${method} should not be asked of a cluster that others use`);
});
