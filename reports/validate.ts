import type { ErrorObject } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Result } from '../harness/result.ts';
import { asset } from './asset.ts';

/** ResultInvalid says which file, which place in it, what was expected there and what came. */
export class ResultInvalid extends Error {
  constructor(
    readonly file: string,
    readonly place: string,
    readonly expected: string,
    readonly came: string,
  ) {
    super(`${file}: ${place} should be ${expected}, got ${came}`);
    this.name = 'ResultInvalid';
  }
}

/**
 * Reads a result.json that has been written, by this or another version; throws ResultInvalid. JSON has no
 * Infinity: an operation that stays open to the end has returnNs null on disk and Infinity here.
 */
export function parseResult(text: string, file: string): Result {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new ResultInvalid(file, 'the file', 'JSON', (error as Error).message);
  }
  checkResult(document, file);
  return withOpenOperations(document as Result);
}

/** The text of a result.json. What is not finite becomes null: right for returnNs, refused by the schema elsewhere. */
export function stringifyResult(result: Result): string {
  return `${JSON.stringify(result, null, 1)}\n`;
}

/** Throws ResultInvalid unless the document, as it is on disk, is a result that can be trusted. */
export function checkResult(document: unknown, file: string): void {
  const version = (document as { schemaVersion?: unknown } | null)?.schemaVersion;
  // Said first: a document of another version would fail somewhere deep, and the message would mislead.
  if (version !== undefined && version !== 1)
    throw new ResultInvalid(
      file,
      'schemaVersion',
      '1, the only version that this faultline reads (render it with the faultline that wrote it)',
      shown(version),
    );
  const validate = schemaValidator();
  if (!validate(document)) {
    const error = told(validate.errors ?? []);
    throw new ResultInvalid(file, placeOf(error), expectedBy(error), cameAt(error));
  }
  checkContradictions(document as unknown as Result, file);
}

/** What a schema cannot say: parts of a result that contradict each other would let a report say two things. */
function checkContradictions(result: Result, file: string): void {
  result.cells.forEach((cell, c) => {
    const place = `cells/${c} (${cell.scenario} with ${cell.strategy})`;
    const states = new Set(cell.promises.map((promise) => promise.state));
    const worst = states.has('broken') ? 'broken' : states.has('unknown') ? 'unknown' : 'kept';
    const order = ['kept', 'unknown', 'broken'];
    if (cell.verdict !== 'error' && order.indexOf(cell.verdict) < order.indexOf(worst))
      throw new ResultInvalid(
        file,
        `${place}/verdict`,
        `${worst}, as its worst promise is`,
        shown(cell.verdict),
      );
    for (const promise of cell.promises)
      if (promise.violations > 0 && promise.state !== 'broken')
        throw new ResultInvalid(
          file,
          `${place}, promise "${promise.text}"`,
          `broken, since it has ${promise.violations} violations`,
          shown(promise.state),
        );
    const { atMs, ms, outcomes } = cell.sample ?? { atMs: [], ms: [], outcomes: '' };
    if (atMs.length !== ms.length || atMs.length !== outcomes.length)
      throw new ResultInvalid(
        file,
        `${place}/sample`,
        'one moment, one latency and one outcome for each operation',
        `${atMs.length}, ${ms.length} and ${outcomes.length}`,
      );
    const { bucketMs: _, fromMs: __, gauges = [], ...series } = cell.timeline;
    const named = gauges.map(
      ({ of, what, values }, i) => [`gauges/${i} (${what} of ${of})`, values] as const,
    );
    for (const [name, values] of [...Object.entries(series), ...named])
      if (Array.isArray(values) && values.length !== cell.timeline.ok.length)
        throw new ResultInvalid(
          file,
          `${place}/timeline/${name}`,
          `${cell.timeline.ok.length} buckets, like timeline/ok`,
          `${values.length}`,
        );
  });
}

function withOpenOperations(result: Result): Result {
  return {
    ...result,
    cells: result.cells.map((cell) => ({
      ...cell,
      violations: cell.violations.map((violation) => ({
        ...violation,
        operations: violation.operations.map((operation) => ({
          ...operation,
          returnNs: operation.returnNs ?? Number.POSITIVE_INFINITY,
        })),
      })),
    })),
  };
}

type SchemaValidator = ((document: unknown) => boolean) & { errors?: ErrorObject[] | null };
let compiled: SchemaValidator | undefined;

/** Compiled on first use: it takes tens of milliseconds, and most commands never read a result. */
function schemaValidator(): SchemaValidator {
  compiled ??= new Ajv2020({ verbose: true, allowUnionTypes: true }).compile(
    JSON.parse(asset('reports/result.schema.json')) as object,
  ) as SchemaValidator;
  return compiled;
}

/** Of several errors the one to tell: the deepest place, and there the one that is no mere wrapper. */
function told(errors: readonly ErrorObject[]): ErrorObject {
  const wrappers = new Set(['anyOf', 'if', 'allOf']);
  const leaves = errors.filter((error) => !wrappers.has(error.keyword));
  const depth = (error: ErrorObject) => error.instancePath.split('/').length;
  return [...(leaves.length > 0 ? leaves : errors)].sort((a, b) => depth(b) - depth(a))[0]!;
}

function placeOf(error: ErrorObject): string {
  const path = error.instancePath.slice(1);
  if (error.keyword === 'required')
    return `${path === '' ? '' : `${path}/`}${error.params.missingProperty as string}`;
  return path === '' ? 'the document' : path;
}

function expectedBy(error: ErrorObject): string {
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'required':
      return 'there';
    case 'type':
      return `of type ${[params.type].flat().join(' or ')}`;
    case 'enum':
      return `one of ${(params.allowedValues as unknown[]).join(', ')}`;
    case 'const':
      return shown(params.allowedValue);
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
      return `${params.comparison as string} ${params.limit as number}`;
    default:
      return error.message ?? error.keyword;
  }
}

function cameAt(error: ErrorObject): string {
  return error.keyword === 'required' ? 'nothing' : shown(error.data);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
