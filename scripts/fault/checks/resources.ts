import { readdir } from 'node:fs/promises';
import type pg from 'pg';
import type { Stack } from '../stack/stack.ts';
import { violations, type Violation } from './check.ts';

/** What a service process holds. */
interface Held {
  pid: number;
  residentBytes: number;
  heapBytes: number;
  descriptors: number;
}

/** What the service processes hold; by name, for those that are alive on both sides of a fault. */
export interface Resources {
  processes: ReadonlyMap<string, Held>;
  /** Connections of the services to PostgreSQL. */
  connections: number;
}

const mebibyte = 1_048_576;
/** Caches and the collector's generosity; a leak of one connection a second passes these within the long form. */
const slack = { residentBytes: 96 * mebibyte, descriptors: 24, connections: 12 };
/** V8 keeps pages it has once needed: with the heap back at its level, so much more may stay resident. */
const pages = { residentBytes: 320 * mebibyte, heapBytes: 48 * mebibyte };

/** A machine that is busy with other stacks takes its time. */
const scrapeMs = 60_000;

export async function measureResources(stack: Stack, client: pg.Client): Promise<Resources> {
  const processes = new Map<string, Held>();
  for (const { name, pid, managementUrl } of stack.processes) {
    if (pid === undefined || process.platform !== 'linux') continue;
    const answer = await fetch(`${managementUrl}/metrics`, { signal: AbortSignal.timeout(scrapeMs) });
    const metrics = await answer.text();
    processes.set(name, {
      pid,
      residentBytes: gauge(metrics, 'process_resident_memory_bytes'),
      heapBytes: gauge(metrics, 'nodejs_heap_size_used_bytes'),
      descriptors: (await readdir(`/proc/${pid}/fd`)).length,
    });
  }
  const { rows } = await client.query<{ count: number }>(
    "select count(*)::integer as count from pg_stat_activity where usename like 'fault\\_%'",
  );
  return { processes, connections: rows[0]!.count };
}

function gauge(metrics: string, name: string): number {
  const found = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(metrics);
  if (found === null) throw new Error(`${name} is not among the metrics`);
  return Number(found[1]);
}

/** Memory, descriptors and connections are back at the level of before. Processes that were replaced start anew. */
export function checkResources(before: Resources, after: Resources): Violation[] {
  const found: string[] = [];
  for (const [name, now] of after.processes) {
    const then = before.processes.get(name);
    if (then === undefined || then.pid !== now.pid) continue;
    const grown = now.residentBytes - then.residentBytes;
    const heapReturned = now.heapBytes - then.heapBytes <= pages.heapBytes;
    if (grown > (heapReturned ? pages : slack).residentBytes)
      found.push(`${name} holds ${Math.round(grown / mebibyte)} MiB more`);
    const opened = now.descriptors - then.descriptors;
    if (opened > slack.descriptors) found.push(`${name} holds ${opened} descriptors more`);
  }
  const connected = after.connections - before.connections;
  if (connected > slack.connections) found.push(`the services hold ${connected} connections more`);
  return violations('I10', found);
}
