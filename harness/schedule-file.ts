import { readFile } from 'node:fs/promises';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { kinds } from './nemesis/list.ts';
import type { NemesisOptions } from './nemesis/nemesis.ts';
import type { Step } from './scenario.ts';

/** A ScheduleFile is a schedule as a document: to be kept, sent to somebody, shortened, and run again. */
export interface ScheduleFile {
  readonly schemaVersion: 1;
  /** Decides whom each nemesis strikes, and the workload; a run may name another. */
  readonly seed?: number;
  readonly steps: readonly StepData[];
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
export function scheduleText(steps: readonly Step[], seed: number): string {
  const lines = steps.map((step) => `    ${JSON.stringify(stepData(step))}`);
  return `{\n  "schemaVersion": 1,\n  "seed": ${seed},\n  "steps": [${lines.length > 0 ? `\n${lines.join(',\n')}\n  ` : ''}]\n}\n`;
}

/** Throws ScheduleInvalid, also when there is no such file. */
export async function readSchedule(file: string): Promise<{ steps: Step[]; seed: number | undefined }> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ScheduleInvalid(`${file} should be a schedule's file, got ${error.code}`);
  });
  return parseSchedule(text, file);
}

export function parseSchedule(text: string, file: string): { steps: Step[]; seed: number | undefined } {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new ScheduleInvalid(`${file} should be JSON: ${(error as Error).message}`);
  }
  demand(fileSchema, document, file, '');
  const { steps, seed } = document as ScheduleFile;
  return {
    seed,
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

/** What `readSchedule` accepts; the options of each nemesis are told by its kind. */
const fileSchema = {
  type: 'object',
  required: ['schemaVersion', 'steps'],
  additionalProperties: false,
  properties: {
    schemaVersion: { const: 1 },
    seed: { type: 'integer', minimum: 0, maximum: 2 ** 31 - 1 },
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

/** What was expected and what came, in one line. */
function expected({ keyword, params, message, data }: ErrorObject): string {
  const came = JSON.stringify(data) ?? 'nothing';
  const got = `got ${came.length > 60 ? `${came.slice(0, 57)}...` : came}`;
  switch (keyword) {
    case 'required':
      return `have ${params.missingProperty}, ${got}`;
    case 'additionalProperties':
      return `not have ${params.additionalProperty}, ${got}`;
    case 'enum':
      return `be one of ${params.allowedValues.join(', ')}, ${got}`;
    case 'const':
      return `be ${params.allowedValue}, ${got}`;
    default:
      return `${message?.replace(/^must /, '')}, ${got}`;
  }
}
