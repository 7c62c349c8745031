import { describe, expect, test } from 'vitest';
import { isolateLeader } from '../harness/nemesis/isolate-leader.ts';
import { killInstance } from '../harness/nemesis/kill-instance.ts';
import { kinds, nemeses } from '../harness/nemesis/list.ts';
import { at } from '../harness/scenario.ts';
import { parseSchedule, ScheduleInvalid, scheduleText, stepData } from '../harness/schedule-file.ts';

describe('a schedule as a file', () => {
  test('one step a line, with what each nemesis was made with', () => {
    const steps = [
      at(2_500, isolateLeader({ flavour: 'hold' })).for(1_200),
      at(3_000, killInstance()).for(400),
    ];
    expect(scheduleText(steps, 9)).toBe(`{
  "schemaVersion": 1,
  "seed": 9,
  "steps": [
    {"atMs":2500,"forMs":1200,"nemesis":"isolate-leader","options":{"flavour":"hold"}},
    {"atMs":3000,"forMs":400,"nemesis":"kill-instance"}
  ]
}
`);
    expect(scheduleText([], 9)).toContain('"steps": []');
  });

  test('with the cell that it breaks a promise in, and how often, it is read as it was written', () => {
    const more = {
      cell: {
        scenario: 'mixed',
        strategy: 'write-behind',
        profile: 'quick',
        members: 3,
        tuning: { electionMs: 1_000, preVote: true },
      },
      breaks: {
        promise: { guarantee: 'lease-truth' },
        text: 'no instance believes in a lease that the server has let go',
        broken: 4,
        of: 5,
        from: 0.376,
        to: 0.964,
      },
    } as const;
    const { steps, ...read } = parseSchedule(scheduleText([at(1, killInstance()).for(2)], 3, more), 'f.json');
    expect(read).toEqual({ schemaVersion: 1, seed: 3, ...more });
    expect(steps).toHaveLength(1);
  });

  test.each(nemeses.map((nemesis) => [nemesis.name, nemesis] as const))(
    '%s is read as it was written',
    (_, nemesis) => {
      const steps = [at(1.5, nemesis).for(250)];
      const read = parseSchedule(scheduleText(steps, 7), 'f.json');
      expect(read.seed).toBe(7);
      expect(read.steps.map(stepData)).toEqual(steps.map(stepData));
    },
  );

  test('every value of every option is taken, and comes back', () => {
    for (const { name, options } of kinds) {
      for (const [option, schema] of Object.entries(options)) {
        const values = 'enum' in schema ? schema.enum : [schema.minimum];
        for (const value of values) {
          const step = { atMs: 0, forMs: 1, nemesis: name, options: { [option]: value } };
          const { steps } = parseSchedule(JSON.stringify({ schemaVersion: 1, steps: [step] }), 'f.json');
          expect(stepData(steps[0]!).options).toMatchObject({ [option]: value });
        }
      }
    }
  });

  const step = { atMs: 1, forMs: 1, nemesis: 'isolate-leader' };
  const file = (...steps: object[]) => JSON.stringify({ schemaVersion: 1, steps });
  test.each([
    ['{', 'f.json should be JSON: '],
    ['[]', 'f.json: the document should be object, got []'],
    ['{"steps":[]}', 'f.json: the document should have schemaVersion, got {"steps":[]}'],
    ['{"schemaVersion":2,"steps":[]}', 'f.json: schemaVersion should be 1, got 2'],
    [
      '{"schemaVersion":1,"cell":{"scenario":"mixed","members":2},"steps":[]}',
      'f.json: cell/members should be one of 1, 3, 5, 7, got 2',
    ],
    ['{"schemaVersion":1,"cell":{},"steps":[]}', 'f.json: cell should have scenario, got {}'],
    [
      '{"schemaVersion":1,"steps":[],"more":1}',
      'f.json: the document should not have more, got {"schemaVersion":1,"steps":[],"more":1}',
    ],
    [
      file({ atMs: 1, nemesis: 'one-way' }),
      'f.json: steps/0 should have forMs, got {"atMs":1,"nemesis":"one-way"}',
    ],
    [file(step, { ...step, atMs: -1 }), 'f.json: steps/1/atMs should be >= 0, got -1'],
    [file({ ...step, forMs: 'long' }), 'f.json: steps/0/forMs should be number, got "long"'],
    [
      file({ ...step, nemesis: 'isolate-leder' }),
      'f.json: steps/0/nemesis should be one of isolate-leader, ',
    ],
    [
      file({ ...step, options: { flavour: 'odd' } }),
      'f.json: steps/0/options/flavour should be one of reject, blackhole, hold, got "odd"',
    ],
    [
      file({ ...step, options: { colour: 'red' } }),
      'f.json: steps/0/options should not have colour, got {"colour":"red"}',
    ],
    [
      file({ ...step, nemesis: 'slow-peers', options: { latencyMs: 10, jitterMs: 20 } }),
      'f.json: steps/0/options: jitterMs should be between 0 and latencyMs (10), got 20',
    ],
  ])('%s is refused in one line', (text, message) => {
    let refused: unknown;
    try {
      parseSchedule(text, 'f.json');
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(ScheduleInvalid);
    expect((refused as Error).message).toContain(message);
    expect((refused as Error).message).not.toContain('\n');
  });
});
