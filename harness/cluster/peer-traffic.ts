import { type Agent, request } from 'undici';

/** A Pair is the messages from one member to another. */
export interface Pair {
  readonly from: string;
  readonly to: string;
}

/**
 * PeerTraffic is how many bytes of raft messages members have received from each other, counted by the receivers (the
 * link layer's keep-alives are not in it). What members have *sent* is no use for comparison: those are in it.
 */
export interface PeerTraffic {
  received(pair: Pair): number;
}

export interface Identified {
  readonly name: string;
  readonly clientAddress: string;
  /** Decimal, as the JSON gateway tells it. */
  readonly id: string;
}

/** Asks all members at the same time. Throws when one does not answer. */
export async function peerTraffic(
  members: readonly Identified[],
  asked: { readonly agent: Agent; readonly timeoutMs: number },
): Promise<PeerTraffic> {
  const nameOfHexId = new Map(members.map(({ id, name }) => [BigInt(id).toString(16), name]));
  const received = new Map<string, number>();
  await Promise.all(
    members.map(async ({ name, clientAddress }) => {
      const response = await request(`http://${clientAddress}/metrics`, {
        dispatcher: asked.agent,
        signal: AbortSignal.timeout(asked.timeoutMs),
      });
      const text = await response.body.text();
      if (response.statusCode !== 200)
        throw new Error(`${name}'s /metrics answered ${response.statusCode}: ${text.slice(0, 200)}`);
      for (const [hexId, bytes] of receivedFrom(text)) {
        const peer = nameOfHexId.get(hexId);
        if (peer !== undefined) received.set(`${peer} ${name}`, bytes);
      }
    }),
  );
  // A counter appears with its first message.
  return { received: ({ from, to }) => received.get(`${from} ${to}`) ?? 0 };
}

/** By hexadecimal id: the lines `etcd_network_peer_received_bytes_total{From="6b1de6b6682a527f"} 1936`. */
export function receivedFrom(metrics: string): Map<string, number> {
  const lines = metrics.matchAll(/^etcd_network_peer_received_bytes_total\{From="([0-9a-f]+)"\} (\S+)$/gm);
  return new Map([...lines].map(([, hexId, bytes]) => [hexId!, Number(bytes)]));
}

/** The pairs of which something arrived between two countings. */
export function arrived(pairs: readonly Pair[], before: PeerTraffic, after: PeerTraffic): Pair[] {
  return pairs.filter((pair) => after.received(pair) > before.received(pair));
}

/** 'm1 -> m2' */
export function arrow(pair: Pair): string {
  return `${pair.from} -> ${pair.to}`;
}
