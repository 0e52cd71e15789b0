import type { JobTiming } from '../src/index.ts';

/** Times short enough for a test to wait for them. */
export const quickTiming: Partial<JobTiming> = { pollMs: 50, graceMs: 300, tenantsMs: 100 };
