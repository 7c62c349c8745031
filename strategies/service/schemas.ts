/** JSON Schemas of what may be asked; a 400 quotes the part that was not met. */
/** No zero character: PostgreSQL keeps none in a text. */
const key = { type: 'string', minLength: 1, maxLength: 512, pattern: '^[^\\u0000]+$' };
const revision = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
/** Null is what a read says of a key that is not there, so it is no value. */
const value = { type: ['string', 'number', 'boolean', 'object', 'array'], nullable: false };
const params = { type: 'object', properties: { key }, required: ['key'] };

export const getSchema = {
  params,
  querystring: {
    type: 'object',
    properties: { consistency: { enum: ['linearizable', 'session', 'eventual'] } },
    additionalProperties: false,
  },
};

export const putSchema = {
  params,
  body: {
    type: 'object',
    properties: { value, expectedRevision: revision },
    required: ['value'],
    additionalProperties: false,
  },
};

export const deleteSchema = {
  params,
  querystring: {
    type: 'object',
    properties: { expectedRevision: { type: 'string', pattern: '^\\d{1,15}$' } },
    additionalProperties: false,
  },
};

const results = { enum: ['equal', 'notEqual', 'greater', 'less'] };
/** Lease ids exceed 2^53; 0 is no lease. */
const lease = { type: 'string', pattern: '^\\d{1,19}$' };
const comparison = {
  type: 'object',
  properties: {
    key,
    target: { enum: ['revision', 'created', 'version', 'value', 'lease'] },
    result: results,
    value: {},
  },
  required: ['key', 'target', 'result', 'value'],
  additionalProperties: false,
  if: { properties: { target: { const: 'value' } } },
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word
  then: { properties: { value } },
  else: {
    if: { properties: { target: { const: 'lease' } } },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word
    then: { properties: { value: lease } },
    else: { properties: { value: revision } },
  },
};
function stepSchema(op: string, properties: object, required: readonly string[]) {
  return {
    if: { properties: { op: { const: op } }, required: ['op'] },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word
    then: { properties: { op: {}, ...properties }, required, additionalProperties: false },
  };
}
/** An empty prefix is every key. */
const prefix = { type: 'string', maxLength: 512, pattern: '^[^\\u0000]*$' };
const limit = { type: 'integer', minimum: 1, maximum: 10_000 };
const step = {
  type: 'object',
  properties: { op: { enum: ['get', 'put', 'delete', 'range'] } },
  required: ['op'],
  allOf: [
    stepSchema('get', { key }, ['key']),
    stepSchema('put', { key, value, lease }, ['key', 'value']),
    stepSchema('delete', { key }, ['key']),
    stepSchema('range', { prefix, limit }, ['prefix']),
  ],
};

export const transactionSchema = {
  body: {
    type: 'object',
    properties: {
      compare: { type: 'array', items: comparison, maxItems: 50 },
      success: { type: 'array', items: step, maxItems: 50 },
      failure: { type: 'array', items: step, maxItems: 50 },
    },
    required: ['compare', 'success', 'failure'],
    additionalProperties: false,
  },
};
