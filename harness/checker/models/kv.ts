import type { Model } from '../model.ts';

/** One string per key, at first empty; `get`, `put` and `append` (read as read, write and append). */
export const kv: Model = {
  name: 'kv',
  summary: 'get, put, append, delete of a string; at first it is empty',
  initial: '',
  effect({ f, value }) {
    switch (f) {
      case 'read':
        return { kind: 'expect', value: text(value) };
      case 'write':
        return { kind: 'set', value: text(value) };
      case 'delete':
        return { kind: 'set', value: '' };
      case 'append': {
        const end = text(value);
        return { kind: 'change', name: end, apply: (start) => `${start}${end}` };
      }
      default:
        return undefined;
    }
  },
  mayBecome: (start, whole) => (whole as string).startsWith(start as string),
};

function text(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
