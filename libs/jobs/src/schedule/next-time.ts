import { Cron } from 'croner';

export interface Recurrence {
  cron: string;
  timezone: string;
}

/**
 * First time of a recurrence after `after`, in whole seconds. A time of day that a zone skips comes at the end of the gap, one
 * that occurs twice comes the first time. Throws when there is none.
 */
export function nextTime(recurrence: Recurrence, after: Date): Date {
  const next = cronOf(recurrence).nextRun(after);
  if (next === null) throw new RangeError(`"${recurrence.cron}" has no time after ${after.toISOString()}`);
  return next;
}

export interface Planned {
  /** The time a job is made for; undefined where its time was missed and is skipped. */
  due: Date | undefined;
  next: Date;
}

/** A time this long ago was missed; a minute covers a restart. */
const missedMs = 60_000;

/**
 * What a schedule whose time `dueAt` has come does at `now`: one job for all the times until now, or none where the last of them
 * was missed and `missed` says `skip`.
 */
export function planSchedule(
  recurrence: Recurrence & { missed: 'once' | 'skip' },
  { dueAt, now }: { dueAt: Date; now: Date },
): Planned {
  const next = nextTime(recurrence, now);
  if (recurrence.missed === 'once') return { due: dueAt, next };
  // A second later: the time itself counts as one that has come.
  const [previous] = cronOf(recurrence).previousRuns(1, new Date(now.getTime() + 1_000));
  const last = previous === undefined || previous < dueAt ? dueAt : previous;
  return { due: now.getTime() - last.getTime() < missedMs ? dueAt : undefined, next };
}

function cronOf({ cron, timezone }: Recurrence): Cron {
  return new Cron(cron, { timezone, paused: true });
}
