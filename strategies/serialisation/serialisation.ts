/**
 * A Serialisation keeps work of one instance apart that must not run at the same time: what reads, awaits and then
 * writes would otherwise overwrite what another did meanwhile. It says nothing about other instances.
 */
export interface Serialisation {
  readonly name: string;
  /** Runs it when no write runs; where the way allows it, together with other reads. Ends as the work does. */
  read<T>(work: () => Promise<T>): Promise<T>;
  /** Runs it alone. Ends as the work does. */
  write<T>(work: () => Promise<T>): Promise<T>;
}

/** A SerialisationKind is one way to do it. */
export interface SerialisationKind {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  create(): Serialisation;
}
