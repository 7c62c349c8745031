import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot } from '../harness/project.ts';

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const files = ['harness', 'strategies', 'scenarios', 'reports'].flatMap((folder) =>
  readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith('.ts') && !name.startsWith(join('reports', 'out'))),
);

const imports: readonly Import[] = files.flatMap((from) => {
  const text = readFileSync(join(projectRoot, from), 'utf8');
  const statements = text.matchAll(/^(?:import|export)\s+(type\s+)?[^;]*?from\s+'(\.[^']+)'/gm);
  return [...statements].map(([, type, path]) => ({
    from,
    to: normalize(join(dirname(from), path!)),
    typeOnly: type !== undefined,
  }));
});

/** Whether a file of the first folder may import one of the second. */
const allowed: readonly [from: string, to: string, kind: 'all' | 'types'][] = [
  ['scenarios', 'strategies', 'all'],
  ['scenarios', 'reports', 'all'],
  ['scenarios', 'harness', 'all'],
  ['strategies', 'harness', 'all'],
  ['reports', 'harness', 'types'],
];

function top(path: string): string {
  return path.split('/')[0]!;
}

describe('imports point down', () => {
  test('there are imports to look at', () => {
    expect(imports.length).toBeGreaterThan(100);
  });

  test('between the folders', () => {
    const wrong = imports.filter(({ from, to, typeOnly }) => {
      if (top(from) === top(to)) return false;
      const arrow = allowed.find(([a, b]) => a === top(from) && b === top(to));
      return arrow === undefined || (arrow[2] === 'types' && !typeOnly);
    });
    expect(wrong).toEqual([]);
  });

  test('checkers see a history and nothing else', () => {
    const wrong = imports.filter(
      ({ from, to }) => from.startsWith('harness/checker/') && !/^harness\/(checker|history)\//.test(to),
    );
    expect(wrong).toEqual([]);
  });

  test('there are no circles, type imports aside', () => {
    const next = new Map<string, string[]>();
    for (const { from, to, typeOnly } of imports) {
      if (!typeOnly) next.set(from, [...(next.get(from) ?? []), to]);
    }
    const state = new Map<string, 'open' | 'done'>();
    const circles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'done') return;
      if (state.get(file) === 'open') {
        circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
        return;
      }
      state.set(file, 'open');
      for (const to of next.get(file) ?? []) visit(to, [...path, file]);
      state.set(file, 'done');
    };
    for (const file of files) visit(file, []);
    expect(circles).toEqual([]);
  });
});
