import { JobConfigurationError } from '../errors.ts';
import { nextTime } from '../schedule/next-time.ts';
import type { QueueAddress } from './queue.ts';

/** When a job is made by itself. */
export interface ScheduleDefinition<Payload = unknown> {
  /** Kebab-case, unique in the service. */
  readonly name: string;
  /** Five fields, or six with seconds first; evaluated by croner. */
  readonly cron: string;
  /** IANA zone, e.g. `Europe/Berlin`; default `UTC`. */
  readonly timezone?: string;
  /** One job for each active tenant, spread over at most 5 minutes; otherwise one for the platform tenant. */
  readonly perTenant?: boolean;
  /** After a time when nobody looked: `once` makes one job for all missed times, `skip` none. */
  readonly missed: 'once' | 'skip';
  readonly queue: QueueAddress<Payload>;
  readonly payload: Payload;
}

// A list of schedules knows only that each payload fits its queue.
// oxlint-disable-next-line typescript/no-explicit-any
export type AnySchedule = ScheduleDefinition<any>;

/** Checks a schedule. Throws JobConfigurationError for an unknown zone, a time that never comes, or a payload its queue refuses. */
export function defineSchedule<Payload>(schedule: ScheduleDefinition<Payload>): ScheduleDefinition<Payload> {
  const { name, cron, timezone = 'UTC', queue, payload } = schedule;
  const wrong = (what: string, cause?: unknown): never => {
    throw new JobConfigurationError(`schedule ${name}: ${what}`, { cause });
  };
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name)) wrong('its name is not kebab-case');
  if (!queue.payload.safeParse(payload).success) wrong(`queue ${queue.name} refuses its payload`);
  try {
    nextTime({ cron, timezone }, new Date());
  } catch (error) {
    wrong(`"${cron}" in ${timezone} names no time`, error);
  }
  return Object.freeze(schedule);
}
