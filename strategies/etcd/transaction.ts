import type { ICompare, IRequestOp, ITxnRequest, ITxnResponse } from 'etcd3';
import type { Comparison, Step, TransactionRequest } from '../strategy.ts';

const results = { equal: 'Equal', notEqual: 'NotEqual', greater: 'Greater', less: 'Less' } as const;

/** The service's transaction as etcd's, its keys under a prefix. */
export function etcdTransaction(request: TransactionRequest, prefix: string): Required<ITxnRequest> {
  return {
    compare: request.compare.map((comparison) => etcdCompare(comparison, prefix)),
    success: request.success.map((step) => etcdStep(step, prefix)),
    failure: request.failure.map((step) => etcdStep(step, prefix)),
  };
}

/** What the steps of the branch that was taken came to. */
export function stepResults(
  steps: readonly Step[],
  response: ITxnResponse,
): { key: string; value?: unknown; revision?: number }[] {
  const revision = Number(response.header.revision);
  return steps.map((step, i) => {
    if (step.op === 'put') return { key: step.key, revision };
    if (step.op === 'delete') {
      const deleted = Number(response.responses[i]!.response_delete_range.deleted) > 0;
      return deleted ? { key: step.key, revision } : { key: step.key };
    }
    const found = response.responses[i]!.response_range.kvs[0];
    if (!found) return { key: step.key, value: null };
    return {
      key: step.key,
      value: JSON.parse(found.value.toString()),
      revision: Number(found.mod_revision),
    };
  });
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
    case 'value':
      return { ...of, target: 'Value', value: Buffer.from(JSON.stringify(value)) };
  }
}

function etcdStep(step: Step, prefix: string): IRequestOp {
  const key = Buffer.from(prefix + step.key);
  switch (step.op) {
    case 'get':
      return { request_range: { key } };
    case 'put':
      return { request_put: { key, value: Buffer.from(JSON.stringify(step.value)) } };
    case 'delete':
      return { request_delete_range: { key } };
  }
}
