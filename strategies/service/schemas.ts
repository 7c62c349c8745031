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
const comparison = {
  type: 'object',
  properties: {
    key,
    target: { enum: ['revision', 'created', 'version', 'value'] },
    result: results,
    value: {},
  },
  required: ['key', 'target', 'result', 'value'],
  additionalProperties: false,
  if: { properties: { target: { const: 'value' } } },
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word
  then: { properties: { value } },
  else: { properties: { value: revision } },
};
const step = {
  type: 'object',
  properties: { op: { enum: ['get', 'put', 'delete'] }, key, value },
  required: ['op', 'key'],
  additionalProperties: false,
  if: { properties: { op: { const: 'put' } } },
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word
  then: { required: ['value'] },
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
