/**
 * What may be asked of a cluster that others use, by the name of the gRPC method: nothing else passes, whoever asks. What
 * is about keys goes through the Namespace.
 */
const aboutKeys: ReadonlySet<string> = new Set([
  '/etcdserverpb.KV/Range',
  '/etcdserverpb.KV/Put',
  '/etcdserverpb.KV/DeleteRange',
  '/etcdserverpb.KV/Txn',
  '/etcdserverpb.Watch/Watch',
  '/etcdserverpb.Lease/LeaseTimeToLive',
]);

const other: ReadonlySet<string> = new Set([
  '/etcdserverpb.Lease/LeaseGrant',
  '/etcdserverpb.Lease/LeaseRevoke',
  '/etcdserverpb.Lease/LeaseKeepAlive',
  '/etcdserverpb.Maintenance/Status',
  '/etcdserverpb.Maintenance/MoveLeader',
  '/etcdserverpb.Auth/Authenticate',
]);

/** The JSON gateway's paths, as the harness asks them. */
const methodAt: Readonly<Record<string, string>> = {
  '/v3/kv/range': '/etcdserverpb.KV/Range',
  '/v3/kv/put': '/etcdserverpb.KV/Put',
  '/v3/kv/deleterange': '/etcdserverpb.KV/DeleteRange',
  '/v3/kv/txn': '/etcdserverpb.KV/Txn',
  '/v3/lease/timetolive': '/etcdserverpb.Lease/LeaseTimeToLive',
  '/v3/maintenance/status': '/etcdserverpb.Maintenance/Status',
  '/v3/maintenance/transfer-leadership': '/etcdserverpb.Maintenance/MoveLeader',
  '/v3/auth/authenticate': '/etcdserverpb.Auth/Authenticate',
};

/** Whether the message has keys in it. @throws Error for a method, or a path of the gateway, that is not permitted */
export function hasKeys(method: string): boolean {
  const name = methodAt[method] ?? method;
  if (aboutKeys.has(name)) return true;
  if (other.has(name)) return false;
  throw new Error(
    `${method} should not be asked of a cluster that others use: it is not about the run's own keys`,
  );
}
