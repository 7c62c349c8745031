import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { type Tuning, tuningBounds } from './cluster/tuning.ts';
import { kinds } from './nemesis/list.ts';
import type { NemesisOptions } from './nemesis/nemesis.ts';
import { memberCounts, type Profile, profiles, type Scenario, type Step } from './scenario.ts';
import { expected } from './schema-error.ts';
import type { Promised } from './service/strategy.ts';

/** A ScheduleFile is a schedule as a document: to be kept, sent to somebody, shortened, and run again. */
export interface ScheduleFile {
  readonly schemaVersion: 1;
  /** Decides whom each nemesis strikes, and the workload; a run may name another. */
  readonly seed?: number;
  /** With it the file stands on its own: a run that is told nothing else is one of this cell. */
  readonly cell?: ScheduledCell;
  /** What came of it when it was found; no run reads it. */
  readonly breaks?: Breaks;
  readonly steps: readonly StepData[];
}

/** A ScheduledCell is what a schedule is carried out in. What is left out is the scenario's, or the profile's. */
export interface ScheduledCell {
  readonly scenario: string;
  readonly strategy?: string;
  readonly profile?: Profile['name'];
  readonly members?: Scenario['members'];
  readonly instances?: number;
  readonly ratePerSecond?: number;
  readonly loadMs?: number;
  readonly tuning?: Tuning;
}

/** Breaks says which promise a schedule breaks, and in how many of so many runs. */
export interface Breaks {
  readonly promise: Promised;
  /** In words. */
  readonly text: string;
  readonly broken: number;
  readonly of: number;
  /** Where the share lies with 95 % confidence (Wilson). */
  readonly from: number;
  readonly to: number;
}

/** A ReadSchedule is a schedule's file whose nemeses are made. */
export interface ReadSchedule extends Pick<ScheduleFile, 'seed' | 'cell' | 'breaks'> {
  readonly steps: Step[];
}

/** Milliseconds since the load began, as they are: they do not grow with a profile. */
export interface StepData {
  readonly atMs: number;
  readonly forMs: number;
  readonly nemesis: string;
  /** Those that are not said are the nemesis's own. */
  readonly options?: NemesisOptions;
}

/** A ScheduleInvalid says which file, which place in it, what was expected there and what came. */
export class ScheduleInvalid extends Error {
  override readonly name = 'ScheduleInvalid';
}

export function stepData({ atMs, forMs, nemesis }: Step): StepData {
  const options = nemesis.options ?? {};
  return {
    atMs,
    forMs,
    nemesis: nemesis.name,
    ...(Object.keys(options).length > 0 && { options }),
  };
}

/** One step a line, so that a step can be taken out with any editor. The same schedule and seed give the same bytes. */
export function scheduleText(
  steps: readonly Step[],
  seed: number,
  { cell, breaks }: Pick<ScheduleFile, 'cell' | 'breaks'> = {},
): string {
  const lines = steps.map((step) => `    ${JSON.stringify(stepData(step))}`);
  const fields = [
    '"schemaVersion": 1',
    `"seed": ${seed}`,
    ...(cell ? [`"cell": ${JSON.stringify(cell)}`] : []),
    ...(breaks ? [`"breaks": ${JSON.stringify(breaks)}`] : []),
    `"steps": [${lines.length > 0 ? `\n${lines.join(',\n')}\n  ` : ''}]`,
  ];
  return `{\n  ${fields.join(',\n  ')}\n}\n`;
}

/** Throws ScheduleInvalid, also when there is no such file. */
export async function readSchedule(file: string): Promise<ReadSchedule> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ScheduleInvalid(`${file} should be a schedule's file, got ${error.code}`);
  });
  return parseSchedule(text, file);
}

export function parseSchedule(text: string, file: string): ReadSchedule {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new ScheduleInvalid(`${file} should be JSON: ${(error as Error).message}`);
  }
  demand(fileSchema, document, file, '');
  const { steps, ...rest } = document as ScheduleFile;
  return {
    ...rest,
    steps: steps.map((step, i) => {
      const kind = kinds.find(({ name }) => name === step.nemesis)!;
      demand(optionsSchemas.get(kind.name)!, step.options ?? {}, file, `/steps/${i}/options`);
      try {
        return { atMs: step.atMs, forMs: step.forMs, nemesis: kind.make(step.options ?? {}) };
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new ScheduleInvalid(`${file}: steps/${i}/options: ${error.message}`);
      }
    }),
  };
}

const time = { type: 'number', minimum: 0, maximum: 86_400_000 } as const;
const whole = (minimum: number, maximum: number) => ({ type: 'integer', minimum, maximum }) as const;
const share = { type: 'number', minimum: 0, maximum: 1 } as const;

/** What `readSchedule` accepts; the options of each nemesis are told by its kind. */
const fileSchema = {
  type: 'object',
  required: ['schemaVersion', 'steps'],
  additionalProperties: false,
  properties: {
    schemaVersion: { const: 1 },
    seed: whole(0, 2 ** 31 - 1),
    cell: {
      type: 'object',
      required: ['scenario'],
      additionalProperties: false,
      properties: {
        scenario: { type: 'string' },
        strategy: { type: 'string' },
        profile: { enum: Object.keys(profiles) },
        members: { enum: memberCounts },
        instances: whole(1, 16),
        ratePerSecond: whole(1, 50_000),
        loadMs: whole(1_000, 86_400_000),
        tuning: {
          type: 'object',
          additionalProperties: false,
          properties: {
            preVote: { type: 'boolean' },
            ...Object.fromEntries(
              Object.entries(tuningBounds).map(([name, [from, to]]) => [name, whole(from, to)]),
            ),
          },
        },
      },
    },
    breaks: {
      type: 'object',
      required: ['promise', 'text', 'broken', 'of', 'from', 'to'],
      additionalProperties: false,
      properties: {
        promise: { type: 'object', required: ['guarantee'] },
        text: { type: 'string' },
        broken: whole(0, 1_000_000),
        of: whole(0, 1_000_000),
        from: share,
        to: share,
      },
    },
    steps: {
      type: 'array',
      maxItems: 10_000,
      items: {
        type: 'object',
        required: ['atMs', 'forMs', 'nemesis'],
        additionalProperties: false,
        properties: {
          atMs: time,
          forMs: time,
          nemesis: { enum: kinds.map(({ name }) => name) },
          options: { type: 'object' },
        },
      },
    },
  },
} as const;

const optionsSchemas = new Map(
  kinds.map(({ name, options }) => [
    name,
    { type: 'object', additionalProperties: false, properties: options },
  ]),
);

// It keeps what it has compiled, by schema.
const ajv = new Ajv2020({ verbose: true });

function demand(schema: object, document: unknown, file: string, at: string): void {
  const validate = ajv.compile(schema);
  if (validate(document)) return;
  const error = validate.errors![0]!;
  const place = `${at}${error.instancePath}`.slice(1) || 'the document';
  throw new ScheduleInvalid(`${file}: ${place} should ${expected(error)}`);
}
