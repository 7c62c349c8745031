import type { Random } from '../../random.ts';

/** Which way bytes go: upstream is from the client to the server. */
export type Direction = 'upstream' | 'downstream';

/** A Chunk is some bytes as they came, and the moment (performance.now) from which delays are counted. */
export interface Chunk {
  /** Cut from the front as pieces are passed on. */
  bytes: Buffer;
  /** Moved on by what delays it, so that two latencies add up. */
  atMs: number;
}

/**
 * An End is the close of one side, which travels behind the bytes before it: `finish` is a FIN (the other direction goes
 * on), `close` ends the connection once what is ahead of it is sent, `reset` is an RST.
 */
export interface End {
  readonly end: 'finish' | 'close' | 'reset';
  atMs: number;
}

export type Item = Chunk | End;

/** What a toxic says about the item that waits at its head. */
export type Step =
  /** Passed on; of a chunk perhaps only the first bytes, then the rest waits at the head. */
  | { readonly do: 'pass'; readonly bytes?: number }
  /** Asked again at that moment, or sooner when something changes. */
  | { readonly do: 'wait'; readonly untilMs: number }
  /** Asked again when something changes. What comes meanwhile queues up, then presses back on the sender. */
  | { readonly do: 'hold' }
  | { readonly do: 'drop' }
  /** The connection ends once what was passed on before is sent. */
  | { readonly do: 'close' }
  | { readonly do: 'reset' };

export const pass: Step = { do: 'pass' };
export const hold: Step = { do: 'hold' };
export const drop: Step = { do: 'drop' };
export const close: Step = { do: 'close' };
export const reset: Step = { do: 'reset' };
export const passFirst = (bytes: number): Step => ({ do: 'pass', bytes });
export const waitUntil = (untilMs: number): Step => ({ do: 'wait', untilMs });

/** The circumstances in which a toxic begins to act on one direction of one connection. */
export interface Start {
  /** This connection's own, so that connections do not shift each other's chance. */
  readonly random: Random;
  readonly nowMs: number;
  /** The connection was there before the toxic. */
  readonly alreadyOpen: boolean;
}

/**
 * A ToxicType is one thing that can be done to a stream of bytes. It holds no timer, queue or socket: it answers what
 * should be done with the item at the head, and the stage does it.
 */
export interface ToxicType<Attribute extends string = string> {
  readonly type: string;
  /** Whole numbers all; 0 when not given. */
  readonly attributes: readonly Attribute[];
  /** How much may queue up before it presses back on the sender: 64 KiB unless told. */
  readonly bufferBytes?: number;
  /** Taking it away ends the connections on which it acted: bytes are missing in them. */
  readonly closesWhenRemoved?: boolean;
  /** Once for each direction of each connection. */
  start(start: Start): ToxicAction<Attribute>;
}

export interface ToxicAction<Attribute extends string = string> {
  /** `head` is undefined while nothing waits. `attributes` is another object after each update. */
  next(head: Item | undefined, attributes: Readonly<Record<Attribute, number>>, nowMs: number): Step;
}

export const isChunk = (item: Item | undefined): item is Chunk => item !== undefined && 'bytes' in item;
