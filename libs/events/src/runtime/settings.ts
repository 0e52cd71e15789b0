import { z } from 'zod';
import { EventConfigurationError } from '../errors.ts';

const schema = z.object({
  /** Rounds of the relay side by side. */
  EVENTS_RELAY_LOOPS: z.coerce.number().int().min(1).max(8).default(2),
  /** `api` serves requests alone; `worker` has relay and consumers. */
  ROLE: z.enum(['all', 'api', 'worker']).default('all'),
});

export interface EventSettings {
  relayLoops: number;
  role: 'all' | 'api' | 'worker';
}

/** Settings of the runtime from the environment. Throws EventConfigurationError. */
export function readEventSettings(env: Readonly<Record<string, string | undefined>>): EventSettings {
  const parsed = schema.safeParse(env);
  if (!parsed.success) throw new EventConfigurationError(z.prettifyError(parsed.error));
  return { relayLoops: parsed.data.EVENTS_RELAY_LOOPS, role: parsed.data.ROLE };
}
