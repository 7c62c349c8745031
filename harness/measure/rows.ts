import type { CacheClass, Operation, Outcome } from '../history/operation.ts';
import type { CacheRow, LatencyRow, OperationRow, PercentileCurve, Phase, PhaseName } from '../result.ts';
import { LatencyHistogram } from './histogram.ts';

/** Collects the latencies and outcomes of each kind of operation in each phase. */
export class OperationRows {
  readonly #rows = new Map<
    string,
    {
      readonly phase: PhaseName;
      readonly f: Operation['f'];
      readonly grade: Operation['grade'];
      readonly outcomes: Record<Outcome, number>;
      readonly fromDue: LatencyHistogram;
      readonly fromSend: LatencyHistogram;
    }
  >();

  add(phase: PhaseName, operation: Operation, fromDueMs: number, fromSendMs: number): void {
    const { f, grade, outcome } = operation;
    const kind = `${phase} ${f} ${grade}`;
    let row = this.#rows.get(kind);
    if (!row) {
      row = {
        phase,
        f,
        grade,
        outcomes: { ok: 0, fail: 0, info: 0 },
        fromDue: new LatencyHistogram(),
        fromSend: new LatencyHistogram(),
      };
      this.#rows.set(kind, row);
    }
    row.outcomes[outcome] += 1;
    if (outcome !== 'ok') return;
    row.fromDue.record(fromDueMs);
    row.fromSend.record(fromSendMs);
  }

  /** In the order of the phases; within one, reads first, then the others by name. */
  rows(phases: readonly Phase[]): readonly OperationRow[] {
    const place = (name: PhaseName) => phases.findIndex((phase) => phase.name === name);
    const kind = (row: { f: string; grade?: string | undefined }) =>
      `${row.f === 'read' ? 0 : 1} ${row.f} ${row.grade ?? ''}`;
    return [...this.#rows.values()]
      .sort((a, b) => place(a.phase) - place(b.phase) || (kind(a) < kind(b) ? -1 : 1))
      .map(({ phase, f, grade, outcomes, fromDue, fromSend }) => ({
        phase,
        f,
        ...(grade === undefined ? {} : { grade }),
        outcomes,
        fromDueMs: fromDue.quantiles(),
        fromSendMs: fromSend.quantiles(),
      }));
  }
}

/** Collects the latencies of all kinds together: quantiles cannot be put together again from those of each kind. */
export class LatencyRows {
  readonly #rows = new Map<
    PhaseName,
    { readonly fromDue: LatencyHistogram; readonly fromSend: LatencyHistogram }
  >();

  add(phase: PhaseName, operation: Operation, fromDueMs: number, fromSendMs: number): void {
    if (operation.outcome !== 'ok') return;
    let row = this.#rows.get(phase);
    if (!row) {
      row = { fromDue: new LatencyHistogram(), fromSend: new LatencyHistogram() };
      this.#rows.set(phase, row);
    }
    row.fromDue.record(fromDueMs);
    row.fromSend.record(fromSendMs);
  }

  /** From due, of every phase in which something ended ok. */
  percentiles(phases: readonly Phase[]): readonly PercentileCurve[] {
    return phases.flatMap(({ name }) => {
      const row = this.#rows.get(name);
      return row ? [{ phase: name, points: row.fromDue.curve() }] : [];
    });
  }

  /** One row a phase, also for one in which nothing ended ok. */
  rows(phases: readonly Phase[]): readonly LatencyRow[] {
    return phases.map(({ name }): LatencyRow => {
      const row = this.#rows.get(name);
      return {
        phase: name,
        fromDueMs: row?.fromDue.quantiles() ?? null,
        fromSendMs: row?.fromSend.quantiles() ?? null,
      };
    });
  }
}

/** Collects how the caches took part in the reads that ended ok. */
export class CacheRows {
  readonly #counts = new Map<PhaseName, { reads: number; readonly classes: Record<CacheClass, number> }>();

  add(phase: PhaseName, operation: Operation): void {
    if (operation.f !== 'read' || operation.outcome !== 'ok') return;
    let row = this.#counts.get(phase);
    if (!row) {
      row = { reads: 0, classes: { hit: 0, stale: 0, coalesced: 0, miss: 0, refresh: 0 } };
      this.#counts.set(phase, row);
    }
    row.reads += 1;
    if (operation.cache !== undefined) row.classes[operation.cache] += 1;
  }

  /** One row a phase, also for one without reads. */
  rows(phases: readonly Phase[]): readonly CacheRow[] {
    return phases.map(({ name }): CacheRow => {
      const { reads, classes } = this.#counts.get(name) ?? {
        reads: 0,
        classes: { hit: 0, stale: 0, coalesced: 0, miss: 0, refresh: 0 },
      };
      const hits = classes.hit + classes.stale + classes.coalesced + classes.refresh;
      const classified = hits + classes.miss;
      return { phase: name, reads, classes, hitRate: classified === 0 ? null : hits / classified };
    });
  }
}
