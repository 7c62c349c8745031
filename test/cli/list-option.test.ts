import { Command } from 'commander';
import { expect, test } from 'vitest';
import { listOption } from '../../harness/cli/list-option.ts';

test('a list that is told stands in place of its default', () => {
  const table: [args: string[], list: string[]][] = [
    [[], ['1', '8']],
    [['--connections', '4'], ['4']],
    [
      ['--connections', '2, 4'],
      ['2', '4'],
    ],
    [
      ['--connections', '2', '--connections', '4'],
      ['2', '4'],
    ],
  ];
  for (const [args, list] of table) {
    const command = new Command().addOption(listOption('--connections <n>', '').default(['1', '8']));
    expect(command.parse(args, { from: 'user' }).opts().connections).toEqual(list);
  }
});
