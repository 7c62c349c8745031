import { nextState, type SessionEvent, type SessionState } from './session-state.ts';

/** A Registration is what fenced writes compare: the key that only this lease holds, as of one revision. */
export interface Registration {
  readonly leaseId: string;
  /** mod_revision of the registration key: every registration gets a new one, also under the same name. */
  readonly epoch: number;
}

/**
 * A Session is what an instance believes of its lease, by its own monotonic clock: the state, and until when the lease
 * is certain to live. Time is looked at whenever it is asked or told anything, so that a process that stood still
 * believes nothing when it wakes. It does nothing by itself.
 *
 *   renewal sent ------------------------------ + TTL - margin: lapsed ---- + TTL: the server may let it go
 *   heartbeat sent --- + limit: missed
 */
export class Session {
  readonly #heartbeatLimitMs: number;
  readonly #nowMs: () => number;
  #state: SessionState = 're-registering';
  #registration: Registration | null = null;
  #aliveUntilMs = Number.POSITIVE_INFINITY;
  #lapsed = false;
  /** When the heartbeat that is under way is missed. */
  #answerDueMs = Number.POSITIVE_INFINITY;

  constructor(
    { heartbeatLimitMs }: { readonly heartbeatLimitMs: number },
    nowMs: () => number = () => performance.now(),
  ) {
    this.#heartbeatLimitMs = heartbeatLimitMs;
    this.#nowMs = nowMs;
  }

  get state(): SessionState {
    this.#look();
    return this.#state;
  }

  /** Null while there is none. It may have ended at the server: the fence decides, not this. */
  get registration(): Registration | null {
    return this.#registration;
  }

  /** For how long the lease is certain to live; 0 when it is not. */
  get aliveForMs(): number {
    return this.#registration ? Math.max(0, this.#aliveUntilMs - this.#nowMs()) : 0;
  }

  registered(registration: Registration, aliveUntilMs: number): void {
    this.#tell('registered');
    this.#registration = registration;
    this.#believe(aliveUntilMs);
  }

  registrationFailed(): void {
    this.#tell('registration-failed');
  }

  renewed(aliveUntilMs: number): void {
    this.#tell('renewed');
    this.#believe(aliveUntilMs);
  }

  renewalFailed(): void {
    this.#look();
    // By that one look: were the clock read again, the lease could lapse between the question and the telling.
    this.#state = nextState(this.#state, this.#lapsed ? 'out-of-reach' : 'renewal-failed');
  }

  leaseEnded(): void {
    this.#tell('lease-ended');
    this.#registration = null;
    this.#aliveUntilMs = Number.POSITIVE_INFINITY;
    this.#lapsed = false;
    // Whatever a heartbeat still brings is of the lease that was.
    this.#answerDueMs = Number.POSITIVE_INFINITY;
  }

  heartbeatSent(): void {
    this.#look();
    this.#answerDueMs = this.#nowMs() + this.#heartbeatLimitMs;
  }

  heartbeatAnswered(): void {
    // One that comes too late has been missed, and shows all the same that etcd is there.
    this.#tell('heartbeat-answered');
    this.#answerDueMs = Number.POSITIVE_INFINITY;
  }

  heartbeatFailed(): void {
    this.#tell('heartbeat-missed');
    this.#answerDueMs = Number.POSITIVE_INFINITY;
  }

  connectionChecked(stands: boolean): void {
    this.#look();
    // A connection that stands does not make a lapsed lease certain again.
    if (stands && this.#lapsed) return;
    this.#tell(stands ? 'connection-stands' : 'connection-failed');
  }

  #believe(aliveUntilMs: number): void {
    this.#aliveUntilMs = aliveUntilMs;
    this.#lapsed = false;
  }

  #tell(event: SessionEvent): void {
    this.#look();
    this.#state = nextState(this.#state, event);
  }

  /** What the clock tells, each once, in the order in which it came about. */
  #look(): void {
    const nowMs = this.#nowMs();
    const missed = () => {
      if (nowMs < this.#answerDueMs) return;
      this.#answerDueMs = Number.POSITIVE_INFINITY;
      this.#state = nextState(this.#state, 'heartbeat-missed');
    };
    if (this.#answerDueMs <= this.#aliveUntilMs) missed();
    if (nowMs >= this.#aliveUntilMs && !this.#lapsed) {
      this.#lapsed = true;
      this.#state = nextState(this.#state, 'lapsed');
    }
    missed();
  }
}
