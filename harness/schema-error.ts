import type { ErrorObject } from 'ajv';

/** What a schema expected and what came, in one line; for an Ajv that is verbose. */
export function expected({ keyword, params, message, data }: ErrorObject): string {
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
