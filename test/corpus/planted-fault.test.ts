import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { builtProgram } from '../../harness/project.ts';
import { bugs } from './bugs.ts';
import { fenceMutants, mutantNamed, mutants, watchMutants } from './mutants.ts';
import { correct, mutated } from './mutated.ts';
import { planted } from './planted-fault.ts';

const fault = { file: 'a.ts', line: 'if (held)', becomes: 'if (true)' };

describe('planted', () => {
  test('replaces the one line that the fault names, whatever its indentation', () => {
    expect(planted('a();\n    if (held)\n        b();\n', fault)).toBe('a();\nif (true)\n        b();\n');
  });

  test.each([
    ['no such line', 'a();\n', 'found 0'],
    ['a part of a line', '  if (held) b();\n', 'found 0'],
    ['the line twice', 'if (held)\n  a();\n  if (held)\n  b();\n', 'found 2'],
  ])('refuses %s', (_, text, says) => {
    expect(() => planted(text, fault)).toThrow(says);
  });

  test('refuses a fault of two lines', () => {
    expect(() => planted('if (held)', { ...fault, becomes: 'if (true)\nif (held)' })).toThrow('one line');
  });
});

describe('the mutants', () => {
  test.each([...mutants, ...watchMutants, ...fenceMutants].map((mutant) => [mutant.name, mutant] as const))(
    '%s fits the built strategy',
    (_, mutant) => {
      const built = readFileSync(builtProgram(mutant.fault.file), 'utf8');
      const differing = planted(built, mutant.fault)
        .split('\n')
        .filter((line, i) => line !== built.split('\n')[i]);
      expect(differing).toEqual([mutant.fault.becomes]);
    },
  );

  test('are at least 20, each with a name of its own', () => {
    expect(mutants.length).toBeGreaterThanOrEqual(20);
    expect(new Set(bugs.map(({ name }) => name)).size).toBe(bugs.length);
  });

  test('break no promise that their strategies do not make', () => {
    for (const mutant of mutants) {
      expect(mutated(mutant).promises(1)).toEqual(correct(mutant).promises(1));
    }
  });

  test('are told apart by name', () => {
    expect(() => mutantNamed('no-such')).toThrow('there is no mutant no-such; there are: lost-compare, ');
  });
});
