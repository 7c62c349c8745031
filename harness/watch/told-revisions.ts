import type { Fork, LogEvent, WatchLog, WatchTold } from '../history/watch.ts';

/** One member that went a way of its own tells thousands; the first few show it. */
const mostForks = 10;

/** ToldRevisions is what all members have told together: of each event the first telling, and where another differs. */
export class ToldRevisions {
  readonly #revisions = new Map<number, Map<string, LogEvent & { readonly member: string }>>();
  readonly #compactions = new Set<number>();
  readonly #forks: Fork[] = [];
  #furthest = 0;

  get furthest(): number {
    return this.#furthest;
  }

  add(member: string, { atNs, events }: Extract<WatchTold, { kind: 'events' }>): void {
    for (const { revision, key, kind, value } of events) {
      const ofRevision = this.#revisions.get(revision) ?? new Map();
      this.#revisions.set(revision, ofRevision);
      const known = ofRevision.get(key);
      if (known === undefined)
        ofRevision.set(key, { member, revision, key, kind, ...(value !== undefined && { value }), atNs });
      else if ((known.kind !== kind || known.value !== value) && this.#forks.length < mostForks) {
        const [one, other] = [told(known.member, known), told(member, { kind, value })];
        this.#forks.push({ revision, key, one, other });
      }
    }
    this.#furthest = Math.max(this.#furthest, events.at(-1)!.revision);
  }

  compacted(revision: number): void {
    this.#compactions.add(revision);
  }

  /** Both revisions included. */
  between(fromRevision: number, toRevision: number): WatchLog {
    const events = [...this.#revisions]
      .filter(([revision]) => revision >= fromRevision && revision <= toRevision)
      .sort(([a], [b]) => a - b)
      .flatMap(([, ofRevision]) => [...ofRevision.values()].map(({ member: _, ...event }) => event));
    const compactions = [...this.#compactions].sort((a, b) => a - b);
    const log = { fromRevision, toRevision, allKeys: true, events, compactions };
    return this.#forks.length === 0 ? log : { ...log, forks: [...this.#forks] };
  }
}

function told(member: string, { kind, value }: { kind: LogEvent['kind']; value?: string | undefined }) {
  return { member, value: kind === 'put' ? (value ?? '') : null };
}
