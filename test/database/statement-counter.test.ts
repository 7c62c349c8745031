import type { QueryResultRow } from 'pg';
import { describe, expect, test } from 'vitest';
import { ownMark, type Queryable, StatementCounter } from '../../harness/database/statement-counter.ts';

/** Answers as pg_stat_statements would with these calls: once without texts, once with those asked for. */
function showing(calls: Record<string, number>): Queryable {
  const ids = Object.keys(texts);
  return {
    async query<Row extends QueryResultRow>(_sql: string, [asked]: unknown[]) {
      const rows = Array.isArray(asked)
        ? asked.map((id) => ({ id, query: texts[ids[Number(id)]!] }))
        : Object.entries(calls).map(([name, calls]) => ({ id: String(ids.indexOf(name)), calls }));
      return { rows: rows as unknown as Row[] };
    },
  };
}

const texts: Record<string, string | null> = {
  read: 'SELECT 1',
  write: 'UPDATE kv SET value = $1',
  begin: 'BEGIN',
  own: `SELECT /* ${ownMark} */ 1`,
  hidden: null,
};
const of = { extensionSchema: 'public', database: 'faultline', user: 'faultline' };
type Step = Record<string, number> | 'began anew';

describe('StatementCounter', () => {
  test.each<[string, Step[], { reads: number; writes: number }]>([
    ['nothing at first: only what comes counts', [{ read: 100, write: 50 }], { reads: 0, writes: 0 }],
    ['what was called since', [{ read: 100 }, { read: 130, write: 7 }], { reads: 30, writes: 7 }],
    [
      'neither transactions, nor own questions, nor what may not be seen',
      [{}, { begin: 5, own: 9, hidden: 3 }],
      { reads: 0, writes: 0 },
    ],
    [
      'a statement that the server forgot goes on where it is seen again, and no other is counted twice',
      [{ read: 10, write: 1_000 }, { write: 1_001 }, { read: 2, write: 1_001 }],
      { reads: 2, writes: 1 },
    ],
    ['fewer calls than before count from zero', [{ read: 10 }, { read: 4 }], { reads: 4, writes: 0 }],
    [
      'a server that began anew counts from zero, also past where it was',
      [{ read: 10 }, { read: 15 }, 'began anew', { read: 27 }],
      { reads: 32, writes: 0 },
    ],
    ['one that began anew before it was ever asked', ['began anew', { read: 10 }], { reads: 0, writes: 0 }],
  ])('%s', async (_, steps, expected) => {
    const counter = new StatementCounter();
    for (const step of steps) {
      if (step === 'began anew') counter.serverBeganAnew();
      else await counter.count(showing(step), of);
    }
    expect({ reads: counter.reads, writes: counter.writes }).toEqual(expected);
  });
});
