import { z } from 'zod';
import { EventConfigurationError } from '../errors.ts';

const schema = z.object({
  /** Rounds of the relay side by side; with 0 other processes of the service publish. */
  EVENTS_RELAY_LOOPS: z.coerce.number().int().min(0).max(8).default(2),
  /** `api` serves requests alone; `worker` has relay and consumers. */
  ROLE: z.enum(['all', 'api', 'worker']).default('all'),
  /** Share of publish requests that are sent twice; for tests. */
  EVENTS_CHAOS_DUPLICATE: z.coerce.number().min(0).max(1).default(0),
});

export type EventRole = 'all' | 'api' | 'worker';

export interface EventSettings {
  relayLoops: number;
  role: EventRole;
  chaosDuplicate: number;
}

/** Settings of the runtime from the environment. Throws EventConfigurationError. */
export function readEventSettings(env: Readonly<Record<string, string | undefined>>): EventSettings {
  const parsed = schema.safeParse(env);
  if (!parsed.success) throw new EventConfigurationError(z.prettifyError(parsed.error));
  const { EVENTS_RELAY_LOOPS: relayLoops, ROLE: role, EVENTS_CHAOS_DUPLICATE: chaosDuplicate } = parsed.data;
  if (chaosDuplicate > 0 && env['NODE_ENV'] === 'production') {
    throw new EventConfigurationError('EVENTS_CHAOS_DUPLICATE is refused in production');
  }
  return { relayLoops, role, chaosDuplicate };
}
