/**
 * Makes an undoing that may be called again, also while it is under way: it is done once. One that failed is tried
 * again by the next call, so that a fault is never taken for healed when it is not.
 */
export function healOnce(undo: () => Promise<void>): () => Promise<void> {
  let healing: Promise<void> | undefined;
  return () => {
    healing ??= undo().catch((error) => {
      healing = undefined;
      throw error;
    });
    return healing;
  };
}
