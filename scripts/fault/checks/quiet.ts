import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Stack } from '../stack/stack.ts';

interface Info {
  events: { unavailable?: string; outbox: { pending: number }; consumers: { name: string; lag: number }[] };
}

export const schemas = ['auth', 'catalog', 'ledger'] as const;
/** How often in a row nothing may move: an answer to an event is an event again. */
const stillTimes = 3;
/** A parked event waits 30 s for its next try; the rest is for a machine that is busy with other work. */
const timeoutMs = 300_000;

/** Something never came to its end: as bad as a loss. */
export class StillMovingError extends Error {
  override readonly name = 'StillMovingError';
}

/** Resolves when nothing is on its way any more, with the milliseconds that took. Throws StillMovingError with what still moves. */
export async function untilQuiet(stack: Stack, client: pg.Client): Promise<number> {
  const startedAt = performance.now();
  let still = 0;
  for (;;) {
    const moving = await movement(stack, client);
    still = moving === '' ? still + 1 : 0;
    if (still === stillTimes) return Math.round(performance.now() - startedAt);
    if (performance.now() - startedAt > timeoutMs)
      throw new StillMovingError(`not quiet after ${timeoutMs / 1000} s: ${moving}`);
    await delay(100);
  }
}

/** What moves, in words; empty when nothing does. */
async function movement(stack: Stack, client: pg.Client): Promise<string> {
  const counts = schemas.flatMap((schema) =>
    ['outbox', 'parked_events', 'dead_letters'].map(
      (table) => `select '${schema}.${table}' as place, count(*)::integer as rows from ${schema}.${table}`,
    ),
  );
  counts.push("select 'ledger.jobs', count(*)::integer from ledger.jobs where queue = 'notices' and state <> 'dead'");
  const { rows } = await client.query<{ place: string; rows: number }>(counts.join(' union all '));
  const busy = rows.filter((row) => row.rows > 0 && !row.place.endsWith('dead_letters'));
  if (busy.length > 0) return busy.map((row) => `${row.place} ${row.rows}`).join(', ');
  for (const { name, managementUrl } of stack.processes) {
    const info = await fetch(`${managementUrl}/info`, { signal: AbortSignal.timeout(5_000) })
      .then((response) => response.json() as Promise<Info>)
      .catch((error: Error) => error.message);
    if (typeof info === 'string') return `${name}: ${info}`;
    if (info.events.unavailable !== undefined) return `${name}: ${info.events.unavailable}`;
    const lagging = info.events.consumers.filter(({ lag }) => lag > 0);
    if (lagging.length > 0) return lagging.map((consumer) => `${consumer.name} lag ${consumer.lag}`).join(', ');
  }
  return '';
}
