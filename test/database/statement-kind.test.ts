import { expect, test } from 'vitest';
import { statementKind } from '../../harness/database/statement-kind.ts';

test.each([
  ['SELECT value FROM kv WHERE key = $1', 'read'],
  ['  select 1', 'read'],
  ['(SELECT 1) UNION (SELECT 2)', 'read'],
  ['VALUES ($1)', 'read'],
  ['TABLE kv', 'read'],
  ['/* from the pool */ -- a line\nSELECT 1', 'read'],
  ['SELECT * FROM kv FOR UPDATE', 'read'],
  ['WITH newest AS (SELECT 1) SELECT * FROM newest', 'read'],
  ['WITH locked AS (SELECT 1 FROM kv FOR UPDATE) SELECT * FROM locked', 'read'],
  [`WITH a AS (SELECT "delete" FROM t WHERE kind = 'update') SELECT 1 FROM a`, 'read'],
  ['INSERT INTO kv VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2', 'write'],
  ['update kv set value = $1', 'write'],
  ['DELETE FROM kv', 'write'],
  ['MERGE INTO kv USING new ON true WHEN MATCHED THEN DO NOTHING', 'write'],
  ['WITH gone AS (DELETE FROM kv RETURNING key) SELECT count(*) FROM gone', 'write'],
  ['COPY kv FROM STDIN', 'write'],
  ['COPY kv TO STDOUT', 'read'],
  ['BEGIN', 'other'],
  ['CREATE TABLE updates (selected int)', 'other'],
  ['SET search_path = x', 'other'],
  ['', 'other'],
])('%s is a %s', (text, kind) => {
  expect(statementKind(text)).toBe(kind);
});
