import { z } from 'zod';
import { JobConfigurationError } from '../errors.ts';

const schema = z.object({
  /** Jobs of all queues side by side in one process. */
  JOBS_CONCURRENCY: z.coerce.number().int().min(1).max(1_000).default(32),
  /** `api` serves requests alone; `worker` runs jobs. */
  ROLE: z.enum(['all', 'api', 'worker']).default('all'),
});

export interface JobSettings {
  concurrency: number;
  role: 'all' | 'api' | 'worker';
}

/** Settings of the runtime from the environment. Throws JobConfigurationError. */
export function readJobSettings(env: Readonly<Record<string, string | undefined>>): JobSettings {
  const parsed = schema.safeParse(env);
  if (!parsed.success) throw new JobConfigurationError(z.prettifyError(parsed.error));
  return { concurrency: parsed.data.JOBS_CONCURRENCY, role: parsed.data.ROLE };
}
