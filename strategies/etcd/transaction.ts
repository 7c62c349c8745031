import type { ICompare, IKeyValue, IRequestOp, IResponseOp, ITxnRequest, ITxnResponse } from 'etcd3';
import type { Comparison, FoundKey, Step, StepResult, TransactionRequest } from '../strategy.ts';
import { prefixRange } from './prefix.ts';

const results = { equal: 'Equal', notEqual: 'NotEqual', greater: 'Greater', less: 'Less' } as const;

/** The service's transaction as etcd's, its keys under a prefix. */
export function etcdTransaction(request: TransactionRequest, prefix: string): Required<ITxnRequest> {
  return {
    compare: request.compare.map((comparison) => etcdCompare(comparison, prefix)),
    success: request.success.map((step) => etcdStep(step, prefix)),
    failure: request.failure.map((step) => etcdStep(step, prefix)),
  };
}

/** What the steps of the branch that was taken came to; `prefix` is taken off the keys that a range found. */
export function stepResults(
  steps: readonly Step[],
  response: ITxnResponse,
  prefix: string,
): readonly StepResult[] {
  const revision = Number(response.header.revision);
  return steps.map((step, i) => stepResult(step, response.responses[i]!, revision, prefix));
}

function stepResult(step: Step, answer: IResponseOp, revision: number, prefix: string): StepResult {
  switch (step.op) {
    case 'put':
      return { key: step.key, revision };
    case 'delete':
      return answer.response_delete_range.deleted === '0' ? { key: step.key } : { key: step.key, revision };
    case 'get':
      return foundKey(step.key, answer.response_range.kvs[0]);
    case 'range': {
      const { kvs, more } = answer.response_range;
      const found = kvs.map((kv) => foundKey(kv.key.toString().slice(prefix.length), kv));
      return { prefix: step.prefix, found, more };
    }
  }
}

function foundKey(key: string, found: IKeyValue | undefined): FoundKey {
  if (!found) return { key, value: null };
  return {
    key,
    value: JSON.parse(found.value.toString()),
    revision: Number(found.mod_revision),
    created: Number(found.create_revision),
    version: Number(found.version),
    ...(found.lease !== '0' && { lease: found.lease }),
  };
}

function etcdCompare({ key, target, result, value }: Comparison, prefix: string): ICompare {
  const of = { key: Buffer.from(prefix + key), result: results[result] };
  switch (target) {
    case 'revision':
      return { ...of, target: 'Mod', mod_revision: String(value) };
    case 'created':
      return { ...of, target: 'Create', create_revision: String(value) };
    case 'version':
      return { ...of, target: 'Version', version: String(value) };
    case 'lease':
      return { ...of, target: 'Lease', lease: String(value) };
    case 'value':
      return { ...of, target: 'Value', value: Buffer.from(JSON.stringify(value)) };
  }
}

function etcdStep(step: Step, prefix: string): IRequestOp {
  if (step.op === 'range') {
    return { request_range: { ...prefixRange(prefix + step.prefix), limit: String(step.limit ?? 0) } };
  }
  const key = Buffer.from(prefix + step.key);
  switch (step.op) {
    case 'get':
      return { request_range: { key } };
    case 'put': {
      const value = Buffer.from(JSON.stringify(step.value));
      return { request_put: { key, value, ...(step.lease !== undefined && { lease: step.lease }) } };
    }
    case 'delete':
      return { request_delete_range: { key } };
  }
}
