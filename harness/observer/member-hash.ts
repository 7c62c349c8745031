import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { Clock } from '../clock.ts';
import type { MemberHash } from '../history/observation.ts';

/**
 * etcd's HashKV: a hash over all keys as of a revision. Asked over gRPC, because the JSON gateway of 3.4 gives its
 * path to another call (Hash, of the whole file, which never agrees). Never throws: a member that does not answer
 * says so.
 */
export async function memberHash(
  member: { readonly name: string; readonly clientAddress: string },
  revision: number,
  asked: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<MemberHash> {
  const { clock, timeoutMs } = asked;
  const askedNs = clock.nowNs();
  const client = new Client(member.clientAddress, credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    'grpc.enable_retries': 0,
  });
  const seen = (told: Pick<MemberHash, 'hash' | 'reason'>, compactRevision = 0): MemberHash => ({
    kind: 'hash',
    member: member.name,
    askedNs,
    answeredNs: clock.nowNs(),
    revision,
    compactRevision,
    ...told,
  });
  try {
    const answer = await new Promise<HashAnswer>((resolve, reject) => {
      client.makeUnaryRequest(
        '/etcdserverpb.Maintenance/HashKV',
        encodeHashRequest,
        decodeHashAnswer,
        revision,
        new Metadata(),
        { deadline: Date.now() + timeoutMs },
        (error, value) => {
          if (error) reject(new Error(error.details || error.message));
          else resolve(value!);
        },
      );
    });
    return seen({ hash: answer.hash }, answer.compactRevision);
  } catch (error) {
    return seen({ reason: (error as Error).message });
  } finally {
    client.close();
  }
}

interface HashAnswer {
  readonly hash: number;
  readonly compactRevision: number;
}

/** HashKVRequest { int64 revision = 1 } */
export function encodeHashRequest(revision: number): Buffer {
  const bytes = [0x08];
  let left = BigInt(revision);
  while (left > 0x7fn) {
    bytes.push(Number(left & 0x7fn) | 0x80);
    left >>= 7n;
  }
  bytes.push(Number(left));
  return Buffer.from(bytes);
}

/** HashKVResponse { ResponseHeader header = 1; uint32 hash = 2; int64 compact_revision = 3 }; -1 is "never compacted". */
export function decodeHashAnswer(message: Buffer): HashAnswer {
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw new Error('the answer to HashKV ends in the middle of a number');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  let hash = 0;
  let compactRevision = 0;
  while (at < message.length) {
    const tag = Number(varint());
    const value = varint();
    if ((tag & 7) === 2) at += Number(value);
    else if ((tag & 7) !== 0) throw new Error(`the answer to HashKV has a field of wire type ${tag & 7}`);
    else if (tag >> 3 === 2) hash = Number(value);
    else if (tag >> 3 === 3) compactRevision = Math.max(0, Number(BigInt.asIntN(64, value)));
  }
  return { hash, compactRevision };
}
