import { z } from 'zod';
import { topics } from '@idp/contracts';
import { purgeIdempotencyKeys } from '@idp/database';
import { purgeBus, purgeDeadLetters, purgeInbox } from '@idp/events';
import { defineQueue, defineSchedule, type AnyQueue, type AnySchedule } from '@idp/jobs';
import type { OpsParts } from './ops-parts.ts';

const closedLettersDays = 30;
/** How long after a record has left its topic its place in the inbox is still kept, in hours. */
const inboxMarginHours = 24;
const runMs = 600_000;

/** Deletes every hour what nobody can ask for any more: inbox rows, closed dead letters, stored answers, records of the bus. */
export function maintenance({ database, events, busInPostgres }: OpsParts): { queue: AnyQueue; schedule: AnySchedule } {
  const queue = defineQueue({
    name: 'ops-purge',
    payload: z.strictObject({}),
    timeoutMs: runMs,
    async handler({ signal, progress }) {
      const purged = { inbox: 0, deadLetters: 0, storedAnswers: 0, bus: 0 };
      for (const { name, topics: read, mode } of await events.consumers.list()) {
        if (mode === 'instance') continue;
        const hours = Math.max(...read.map((topic) => topics[topic]?.retentionHours ?? 0)) + inboxMarginHours;
        purged.inbox += await purgeInbox(database, { consumer: name, olderThanHours: hours }, { signal });
      }
      purged.deadLetters = await purgeDeadLetters(database, { closedForDays: closedLettersDays }, { signal });
      purged.storedAnswers = await purgeIdempotencyKeys(database, { signal });
      if (busInPostgres) purged.bus = await purgeBus(database, { signal });
      await progress(purged);
    },
  });
  return {
    queue,
    schedule: defineSchedule({ name: 'ops-purge', cron: '17 * * * *', missed: 'once', queue, payload: {} }),
  };
}
