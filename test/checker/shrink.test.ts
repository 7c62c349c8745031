import { expect, test } from 'vitest';
import type { Model } from '../../harness/checker/model.ts';
import { kv } from '../../harness/checker/models/kv.ts';
import { multiRegister } from '../../harness/checker/models/multi-register.ts';
import { register } from '../../harness/checker/models/register.ts';
import { shrink } from '../../harness/checker/shrink.ts';
import { deed } from '../../harness/checker/words.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { fail, info, ok } from './build.ts';

/** "write 1", and with a question mark one that may have happened. */
const nameOf = (operation: Operation) => `${deed(operation)}${operation.outcome === 'info' ? '?' : ''}`;
const namesOf = (operations: readonly Operation[]) => operations.map(nameOf).join(', ');

/** Shrinks what is illegal as long as it has all of `needs`, and tells each part that was tried. */
function shrunk(model: Model, operations: readonly Operation[], needs: readonly string[], tries = 100) {
  const tried: string[] = [];
  const found = shrink(
    model,
    operations,
    (part) => {
      tried.push(namesOf(part));
      const names = part.map((one) => deed(one));
      return needs.every((need) => names.includes(need));
    },
    () => tried.length < tries,
  );
  return { found, tried };
}

const noise = [
  ok.write(1, 0, 1),
  ok.read(1, 2, 3),
  ok.write(2, 4, 5),
  ok.read(2, 6, 7),
  ok.write(3, 8, 9),
  ok.read(3, 10, 11),
  ok.read(1, 12, 13),
  ok.write(4, 14, 15),
  ok.read(4, 16, 17),
];

interface Row {
  readonly what: string;
  readonly operations: Operation[];
  readonly needs: string[];
  readonly model: Model;
  /** Time is over after so many tries. */
  readonly most?: number;
  readonly found: string;
  readonly tried: string[];
}

const table: Row[] = [
  {
    what: 'what is legal stays as it is',
    operations: noise,
    needs: ['read 9'],
    model: register,
    found: 'write 1, read 1, write 2, read 2, write 3, read 3, read 1, write 4, read 4',
    tried: ['write 1, read 1, write 2, read 2, write 3, read 3, read 1, write 4, read 4'],
  },
  {
    what: 'it ends as soon as it is illegal, then looks go, then values, by halves',
    operations: noise,
    needs: ['write 1', 'read 1', 'write 3'],
    model: register,
    found: 'write 1, read 1, write 3',
    tried: [
      'write 1, read 1, write 2, read 2, write 3, read 3, read 1, write 4, read 4',
      'write 1, read 1, write 2, read 2, write 3',
      'write 1, read 1, write 2',
      'write 1, read 1, write 2, read 2',
      'write 1, write 2, read 2, write 3',
      'write 1, read 1, write 2, write 3',
      'write 3',
      'write 1, read 1, write 2',
      'write 2, write 3',
      'write 1, read 1, write 3',
      'write 1, read 1',
      'write 1, write 3',
    ],
  },
  {
    what: 'what is illegal by itself leaves nothing',
    operations: noise,
    needs: [],
    model: register,
    found: '',
    tried: [
      'write 1, read 1, write 2, read 2, write 3, read 3, read 1, write 4, read 4',
      'write 1, read 1, write 2, read 2, write 3',
      'write 1, read 1, write 2',
      'write 1, read 1',
      'write 1',
      '',
    ],
  },
  {
    what: 'two tries find where it ends',
    operations: noise,
    needs: ['write 1', 'read 1', 'write 3'],
    model: register,
    most: 2,
    found: 'write 1, read 1, write 2, read 2, write 3',
    tried: [
      'write 1, read 1, write 2, read 2, write 3, read 3, read 1, write 4, read 4',
      'write 1, read 1, write 2, read 2, write 3',
    ],
  },
  {
    what: 'four tries do not find out what may go',
    operations: noise,
    needs: ['write 1', 'read 1', 'write 3'],
    model: register,
    most: 4,
    found: 'write 1, read 1, write 2, read 2, write 3',
    tried: [
      'write 1, read 1, write 2, read 2, write 3, read 3, read 1, write 4, read 4',
      'write 1, read 1, write 2, read 2, write 3',
      'write 1, read 1, write 2',
      'write 1, read 1, write 2, read 2',
    ],
  },
  {
    what: 'six tries take out a read',
    operations: noise,
    needs: ['write 1', 'read 1', 'write 3'],
    model: register,
    most: 6,
    found: 'write 1, read 1, write 2, write 3',
    tried: [
      'write 1, read 1, write 2, read 2, write 3, read 3, read 1, write 4, read 4',
      'write 1, read 1, write 2, read 2, write 3',
      'write 1, read 1, write 2',
      'write 1, read 1, write 2, read 2',
      'write 1, write 2, read 2, write 3',
      'write 1, read 1, write 2, write 3',
    ],
  },
  {
    what: 'what still ran at its end may have happened, but not what only looked, and is given as it was',
    operations: [
      ok.write(1, 0, 1),
      ok.write(2, 2, 50),
      ok.read(2, 2, 51),
      ok.miss(7, 8, 2, 52),
      ok.cas(1, 6, 2, 53),
      info.write(5, 3, 4),
      fail.write(6, 3, 60),
      ok.read(1, 5, 6),
      ok.write(9, 6, 7),
      ok.read(9, 8, 9),
    ],
    needs: ['read 1', 'write 2', 'cas 1 to 6', 'write 6'],
    model: register,
    found: 'write 1, write 2, cas 1 to 6, write 6, read 1',
    tried: [
      'write 1, write 2, read 2, cas 7 to 8 (did not swap), cas 1 to 6, write 5?, write 6, read 1, write 9, read 9',
      'write 1, write 2?, cas 1 to 6?, write 5?, write 6, read 1, write 9, read 9',
      'write 1, write 2?, cas 1 to 6?, write 5?, write 6, read 1, write 9?',
      'write 1',
      'write 1, write 2?, cas 1 to 6?, write 5?, write 6, write 9?',
      'write 5?, write 9?',
      'write 1, write 2?, cas 1 to 6?, write 6, read 1',
      'write 2?',
      'write 1, cas 1 to 6?, write 6, read 1',
      'write 1, write 2?, cas 1 to 6?, write 6',
    ],
  },
  {
    what: 'values that a compare joins go together',
    operations: [
      ok.write(1, 0, 1),
      ok.cas(1, 2, 2, 3),
      ok.write(5, 4, 5),
      ok.cas(5, 6, 6, 7),
      ok.cas(6, 5, 8, 9),
      ok.read(5, 10, 11),
      ok.cas(5, 2, 12, 13),
      ok.write(7, 14, 15),
      ok.read(7, 16, 17),
      ok.read(2, 18, 19),
    ],
    needs: ['read 2'],
    model: register,
    found: 'write 1, cas 1 to 2, write 5, cas 5 to 6, cas 6 to 5, cas 5 to 2, read 2',
    tried: [
      'write 1, cas 1 to 2, write 5, cas 5 to 6, cas 6 to 5, read 5, cas 5 to 2, write 7, read 7, read 2',
      'write 1, cas 1 to 2, write 5, cas 5 to 6, cas 6 to 5',
      'write 1, cas 1 to 2, write 5, cas 5 to 6, cas 6 to 5, read 5, cas 5 to 2, write 7',
      'write 1, cas 1 to 2, write 5, cas 5 to 6, cas 6 to 5, read 5, cas 5 to 2, write 7, read 7',
      'write 1, cas 1 to 2, write 5, cas 5 to 6, cas 6 to 5, cas 5 to 2, write 7, read 2',
      'write 1, cas 1 to 2, write 5, cas 5 to 6, cas 6 to 5, cas 5 to 2, write 7',
      'write 1, cas 1 to 2, write 5, cas 5 to 6, cas 6 to 5, cas 5 to 2, write 7',
      'write 7',
      'write 1, cas 1 to 2, write 5, cas 5 to 6, cas 6 to 5, cas 5 to 2, read 2',
      'write 1, cas 1 to 2, write 5, cas 5 to 6, cas 6 to 5, cas 5 to 2',
    ],
  },
  {
    what: 'joined values go apart from others',
    operations: [
      ok.write(1, 0, 1),
      ok.cas(1, 2, 2, 3),
      ok.write(5, 4, 5),
      ok.cas(5, 6, 6, 7),
      ok.write({ a: 1 }, 14, 15),
      ok.read({ a: 1 }, 16, 17),
      ok.read(2, 18, 19),
    ],
    needs: ['read 2'],
    model: register,
    found: 'write 1, cas 1 to 2, read 2',
    tried: [
      'write 1, cas 1 to 2, write 5, cas 5 to 6, write {"a":1}, read {"a":1}, read 2',
      'write 1, cas 1 to 2, write 5, cas 5 to 6',
      'write 1, cas 1 to 2, write 5, cas 5 to 6, write {"a":1}, read {"a":1}',
      'write 1, cas 1 to 2, write 5, cas 5 to 6, write {"a":1}, read 2',
      'write 1, cas 1 to 2, write 5, cas 5 to 6, write {"a":1}',
      'write {"a":1}',
      'write 1, cas 1 to 2, write 5, cas 5 to 6, read 2',
      'write 5, cas 5 to 6',
      'write 1, cas 1 to 2, read 2',
      'write 1, cas 1 to 2',
    ],
  },
  {
    what: 'where a compare failed no value goes',
    operations: [ok.write(1, 0, 1), ok.miss(7, 8, 2, 3), ok.write(2, 4, 5), ok.read(2, 6, 7)],
    needs: ['write 1', 'cas 7 to 8 (did not swap)'],
    model: register,
    found: 'write 1, cas 7 to 8 (did not swap)',
    tried: [
      'write 1, cas 7 to 8 (did not swap), write 2, read 2',
      'write 1, cas 7 to 8 (did not swap)',
      'write 1',
      'write 1',
      'write 1',
    ],
  },
  {
    what: 'where it is not needed it goes first, and then values may',
    operations: [ok.write(1, 0, 1), ok.miss(7, 8, 2, 3), ok.write(2, 4, 5), ok.read(2, 6, 7)],
    needs: ['write 1', 'read 2'],
    model: register,
    found: 'write 1, write 2, read 2',
    tried: [
      'write 1, cas 7 to 8 (did not swap), write 2, read 2',
      'write 1, cas 7 to 8 (did not swap)',
      'write 1, cas 7 to 8 (did not swap), write 2',
      'write 1, write 2, read 2',
      'write 1, write 2',
      'write 2, read 2',
      'write 1',
      'write 1, write 2',
    ],
  },
  {
    what: 'where values follow from one another only reads go',
    operations: [
      ok.append('a', 0, 1),
      ok.read('a', 2, 3),
      ok.append('b', 4, 5),
      ok.write('x', 6, 7),
      ok.read('x', 8, 9),
    ],
    needs: ['append "a"', 'write "x"'],
    model: kv,
    found: 'append "a", append "b", write "x"',
    tried: [
      'append "a", read "a", append "b", write "x", read "x"',
      'append "a", read "a", append "b"',
      'append "a", read "a", append "b", write "x"',
      'append "a", append "b", write "x"',
    ],
  },
  {
    what: 'looks go, and what the model does not know stays',
    operations: [
      ok.txn([['r', 'x', 1]], 0, 1),
      ok.txn([['w', 'x', 1]], 2, 3),
      ok.append('?', 3, 4),
      ok.txn([['r', 'x', 1]], 4, 5),
      ok.write(1, 6, 7),
    ],
    needs: ['write 1'],
    model: multiRegister,
    found: 'txn (write 1 to x), append "?", write 1',
    tried: [
      'txn (read x 1), txn (write 1 to x), append "?", txn (read x 1), write 1',
      'txn (read x 1), txn (write 1 to x), append "?", txn (read x 1)?',
      'txn (read x 1), txn (write 1 to x), append "?", txn (read x 1)',
      'txn (write 1 to x), append "?", txn (read x 1), write 1',
      'txn (write 1 to x), append "?", write 1',
    ],
  },
];
test.each(table)('$what', ({ operations, needs, model, most, found, tried }) => {
  const given = shrunk(model, operations, needs, most);
  expect(namesOf(given.found)).toBe(found);
  expect(given.tried).toEqual(tried);
  expect(operations).toEqual(expect.arrayContaining([...given.found]));
});
