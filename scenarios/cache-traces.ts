import type { CacheTraces } from '../harness/cli/parts.ts';
import { UsageError } from '../harness/cli/usage-error.ts';
import { policies } from '../strategies/cache/policies.ts';
import { maxCacheSize } from '../strategies/cache/policy.ts';
import { TraceUnreadable } from '../strategies/cache/trace.ts';
import { cacheTraceReport } from '../strategies/cache/trace-report.ts';

export const cacheTraces: CacheTraces = {
  policies,
  maxSize: maxCacheSize,
  async report(options) {
    try {
      return await cacheTraceReport(options);
    } catch (error) {
      if (error instanceof TraceUnreadable) throw new UsageError(error.message, { cause: error });
      throw error;
    }
  },
};
