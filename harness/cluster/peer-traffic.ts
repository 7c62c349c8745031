import { type Agent, request } from 'undici';

/**
 * PeerTraffic is what members have counted of each other's raft messages (their own metrics, in bytes; the link
 * layer's keep-alives are not in it). It grows only while messages really leave and arrive.
 */
export interface PeerTraffic {
  /** What `from` wrote for `to`. */
  sent(from: string, to: string): number;
  /** What `to` read of `from`. */
  received(from: string, to: string): number;
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
  const counted = new Map<string, number>();
  await Promise.all(
    members.map(async ({ name, clientAddress }) => {
      const response = await request(`http://${clientAddress}/metrics`, {
        dispatcher: asked.agent,
        signal: AbortSignal.timeout(asked.timeoutMs),
      });
      const text = await response.body.text();
      if (response.statusCode !== 200)
        throw new Error(`${name}'s /metrics answered ${response.statusCode}: ${text.slice(0, 200)}`);
      for (const { way, hexId, bytes } of peerCounters(text)) {
        const peer = nameOfHexId.get(hexId);
        if (peer !== undefined)
          counted.set(way === 'sent' ? `sent ${name} ${peer}` : `received ${peer} ${name}`, bytes);
      }
    }),
  );
  return {
    sent: (from, to) => counted.get(`sent ${from} ${to}`) ?? 0,
    received: (from, to) => counted.get(`received ${from} ${to}`) ?? 0,
  };
}

/** The lines `etcd_network_peer_sent_bytes_total{To="6b1de6b6682a527f"} 1936` and their like of `received`, `From`. */
export function peerCounters(metrics: string): { way: 'sent' | 'received'; hexId: string; bytes: number }[] {
  const lines = metrics.matchAll(
    /^etcd_network_peer_(sent|received)_bytes_total\{(?:To|From)="([0-9a-f]+)"\} (\S+)$/gm,
  );
  return [...lines].map(([, way, hexId, bytes]) => ({
    way: way as 'sent' | 'received',
    hexId: hexId!,
    bytes: Number(bytes),
  }));
}
