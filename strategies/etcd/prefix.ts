/** All keys that begin with the prefix, as etcd's [key, range_end). The last byte of the prefix is not 0xff. */
export function prefixRange(prefix: string): { key: Buffer; range_end: Buffer } {
  const key = Buffer.from(prefix);
  const end = Buffer.from(prefix);
  end[end.length - 1]! += 1;
  return { key, range_end: end };
}
