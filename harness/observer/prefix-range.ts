/** The part of a range request, in the gateway's JSON, that asks for every key that begins so. */
export function prefixRange(prefix: string): { readonly key: string; readonly range_end: string } {
  const end = Buffer.from(prefix);
  end[end.length - 1]! += 1;
  return { key: Buffer.from(prefix).toString('base64'), range_end: end.toString('base64') };
}
