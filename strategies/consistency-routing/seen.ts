import { isPosition, laterPosition, type Position } from './position.ts';

/**
 * Seen is what a client has seen, as its session token tells it: nothing later than a position. `atReplica`: some of it
 * may have been seen at a replica alone, which can show a commit before the primary does.
 */
export interface Seen {
  readonly position: Position;
  readonly atReplica: boolean;
}

const atReplicaMark = '+replica';

/** Undefined for what is no token of ours. */
export function parseSeen(token: string | undefined): Seen | undefined {
  const atReplica = token?.endsWith(atReplicaMark) ?? false;
  const position = atReplica ? token!.slice(0, -atReplicaMark.length) : token;
  return isPosition(position) ? { position, atReplica } : undefined;
}

export function tokenOf({ position, atReplica }: Seen): string {
  return atReplica ? position + atReplicaMark : position;
}

/** What has been seen before, and now this. */
export function andThen(before: Seen | undefined, now: Seen): Seen {
  return {
    position: laterPosition(before?.position, now.position)!,
    atReplica: now.atReplica || (before?.atReplica ?? false),
  };
}
