import { badBody, missingField } from './api-error.ts';

/**
 * What requests may say. Like the original: names of fields in any case, null is the same as not given, unknown fields
 * are ignored, and numbers of attributes are whole.
 */
export interface ProxyInput {
  readonly name?: string;
  readonly listen?: string;
  readonly upstream?: string;
  readonly enabled?: boolean;
}

export interface ToxicInput {
  readonly name?: string;
  readonly type?: string;
  readonly stream?: string;
  readonly toxicity?: number;
  readonly attributes: Fields;
}

type Fields = Readonly<Record<string, unknown>>;

export const proxyInput = (body: string): ProxyInput => readProxy(fields(parse(body), 'a proxy'));

/** Throws for the first proxy that lacks a name or an upstream, before any is made. */
export function populateInput(body: string): NewProxy[] {
  const list = parse(body) ?? [];
  if (!Array.isArray(list)) throw badBody(`expected a list of proxies, got ${kindOf(list)}`);
  return list.map((item, i) => newProxy(readProxy(fields(item, `proxy ${i + 1}`)), ` at proxy ${i + 1}`));
}

export interface NewProxy {
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
}

export function newProxy(input: ProxyInput, where = ''): NewProxy {
  if (!input.name) throw missingField(`name${where}`);
  if (!input.upstream) throw missingField(`upstream${where}`);
  return {
    name: input.name,
    listen: input.listen ?? '',
    upstream: input.upstream,
    enabled: input.enabled ?? true,
  };
}

export const toxicInput = (body: string): ToxicInput => readToxic(fields(parse(body), 'a toxic'));

function readToxic(given: Fields): ToxicInput {
  return {
    name: field(given, 'name', 'string'),
    type: field(given, 'type', 'string'),
    stream: field(given, 'stream', 'string'),
    toxicity: field(given, 'toxicity', 'number'),
    attributes: fields(given.attributes, 'attributes'),
  };
}

/** One of several things to be done to proxies together. */
export type ChangeInput =
  | { readonly proxy: string; readonly do: 'enable' | 'disable' }
  | { readonly proxy: string; readonly do: 'add'; readonly toxic: ToxicInput }
  | { readonly proxy: string; readonly do: 'remove'; readonly toxic: string };

/** Throws for the first change that cannot be read, before any is done. */
export function changesInput(body: string): readonly ChangeInput[] {
  const list = parse(body) ?? [];
  if (!Array.isArray(list)) throw badBody(`expected a list of changes, got ${kindOf(list)}`);
  return list.map((item, i) => readChange(fields(item, `change ${i + 1}`), ` at change ${i + 1}`));
}

/** The attributes of a type: those given over those there were. */
export function readAttributes(
  names: readonly string[],
  given: Fields,
  before: Readonly<Record<string, number>> = {},
): Record<string, number> {
  const read: Record<string, number> = {};
  for (const name of names) {
    const value = field(given, name, 'number') ?? before[name] ?? 0;
    if (!Number.isSafeInteger(value)) {
      throw badBody(`attribute ${name} should be a whole number, got ${value}`);
    }
    read[name] = value;
  }
  return read;
}

function readProxy(given: Fields): ProxyInput {
  return {
    name: field(given, 'name', 'string'),
    listen: field(given, 'listen', 'string'),
    upstream: field(given, 'upstream', 'string'),
    enabled: field(given, 'enabled', 'boolean'),
  };
}

function readChange(given: Fields, where: string): ChangeInput {
  const proxy = field(given, 'proxy', 'string');
  if (!proxy) throw missingField(`proxy${where}`);
  const what = field(given, 'do', 'string');
  switch (what) {
    case 'enable':
    case 'disable':
      return { proxy, do: what };
    case 'add':
      return { proxy, do: what, toxic: readToxic(fields(given.toxic, 'a toxic')) };
    case 'remove': {
      const toxic = field(given, 'toxic', 'string');
      if (!toxic) throw missingField(`toxic${where}`);
      return { proxy, do: what, toxic };
    }
    default:
      throw badBody(`do should be enable, disable, add or remove, got ${what ?? 'nothing'}${where}`);
  }
}

function parse(body: string): unknown {
  if (body.trim() === '') throw badBody('EOF');
  try {
    return JSON.parse(body);
  } catch (error) {
    throw badBody((error as Error).message);
  }
}

function fields(value: unknown, what: string): Fields {
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw badBody(`expected ${what} as an object, got ${kindOf(value)}`);
  }
  return Object.fromEntries(Object.entries(value).map(([name, v]) => [name.toLowerCase(), v]));
}

interface Kinds {
  string: string;
  number: number;
  boolean: boolean;
}

function field<K extends keyof Kinds>(given: Fields, name: string, kind: K): Kinds[K] | undefined {
  const value = given[name];
  if (value === null || value === undefined) return undefined;
  if (typeof value !== kind) throw badBody(`${name} should be a ${kind}, got ${kindOf(value)}`);
  return value as Kinds[K];
}

const kindOf = (value: unknown): string => (Array.isArray(value) ? 'a list' : `a ${typeof value}`);
