/** What a SQL statement does to data: `read` and `write` are queries, `other` (BEGIN, DDL, SET) is none. */
export type StatementKind = 'read' | 'write' | 'other';

const writing = /\b(insert|update|delete|merge)\b/i;

/**
 * Sorts a statement by its text as pg_stat_statements keeps it (constants are $1, comments stay). A SELECT that
 * locks rows or calls a function that writes is a read here: the text does not show more.
 */
export function statementKind(text: string): StatementKind {
  const statement = text.replace(/^(\s|\(|--.*(\n|$)|\/\*[\s\S]*?\*\/)+/, '');
  const word = /^[a-z]+/i.exec(statement)?.[0].toLowerCase();
  switch (word) {
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
      return 'write';
    case 'select':
    case 'values':
    case 'table':
      return 'read';
    case 'with':
      // Only a WITH may hide a write in the middle; quoted names and texts are no keywords.
      return writing.test(statement.replace(/"[^"]*"|'[^']*'|for\s+(no\s+key\s+)?update/gi, ''))
        ? 'write'
        : 'read';
    case 'copy':
      return /\bfrom\b/i.test(statement) ? 'write' : 'read';
    default:
      return 'other';
  }
}
