import { connect, type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import type { HostPort } from './address.ts';

/**
 * Bytes that a socket read, lent for the time of the call. True when they are still in use once it returns; then they
 * are never written over.
 */
export type Borrower = (bytes: Buffer) => boolean;

/** Half-open, because a FIN ends one direction only; noDelay, because slices must leave as they are cut. */
export const socketOptions = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 15_000,
} as const;

/** What a socket is read into at first, and from the first read on that fills it: most carry small messages only. */
const firstBytes = 4 * 1024;
const fullBytes = 64 * 1024;

/**
 * Every read of a socket goes into the same buffer. Node would make one of 64 KiB for each, which with its collection
 * was 40 % of a busy proxy's CPU time.
 */
function lending(borrow: Borrower): OnReadOpts {
  let buffer = Buffer.allocUnsafeSlow(firstBytes);
  return {
    // Asked for after each read, and at once when the socket is made.
    buffer: () => buffer,
    callback(length) {
      const filled = length === buffer.length;
      const inUse = borrow(filled ? buffer : buffer.subarray(0, length));
      if (inUse || (filled && length < fullBytes))
        buffer = Buffer.allocUnsafeSlow(filled ? fullBytes : buffer.length);
      return true;
    },
  };
}

/** A socket that dials. */
export const dialLending = (to: HostPort, borrow: Borrower): Socket =>
  connect({ ...to, ...socketOptions, onread: lending(borrow) });

/**
 * A server's socket, which must be paused (pauseOnConnect), as one that lends; the given one is not used any more. Node
 * has `onread` for sockets that dial only, so the connection is handed over to a socket made with it, as Node itself
 * makes those of a server; where that cannot be done the given one is read as usual.
 */
export function acceptLending(accepted: Socket, borrow: Borrower): Socket {
  const husk = accepted as unknown as { _handle?: object | null };
  const handle = husk._handle;
  if (!handle) return accepted.on('data', borrow);
  husk._handle = null;
  const options = { handle, allowHalfOpen: socketOptions.allowHalfOpen, onread: lending(borrow) };
  return new Socket(options as SocketConstructorOpts);
}
