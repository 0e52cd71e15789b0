import { readFile, readdir } from 'node:fs/promises';
import type pg from 'pg';
import type { Stack } from '../stack/stack.ts';
import { violations, type Violation } from './check.ts';

/** What the service processes hold; by name, for those that are alive on both sides of a fault. */
export interface Resources {
  processes: ReadonlyMap<string, { pid: number; residentBytes: number; descriptors: number }>;
  /** Connections of the services to PostgreSQL. */
  connections: number;
}

const mebibyte = 1_048_576;
/** Caches and the collector's generosity; a leak of one connection a second passes these within the long form. */
const slack = { residentBytes: 96 * mebibyte, descriptors: 24, connections: 12 };

export async function measureResources(stack: Stack, client: pg.Client): Promise<Resources> {
  const processes = new Map<string, { pid: number; residentBytes: number; descriptors: number }>();
  for (const { name, pid } of stack.processes) {
    if (pid === undefined || process.platform !== 'linux') continue;
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const descriptors = (await readdir(`/proc/${pid}/fd`)).length;
    processes.set(name, { pid, residentBytes: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024, descriptors });
  }
  const { rows } = await client.query<{ count: number }>(
    "select count(*)::integer as count from pg_stat_activity where usename like 'fault\\_%'",
  );
  return { processes, connections: rows[0]!.count };
}

/** Memory, descriptors and connections are back at the level of before. Processes that were replaced start anew. */
export function checkResources(before: Resources, after: Resources): Violation[] {
  const found: string[] = [];
  for (const [name, now] of after.processes) {
    const then = before.processes.get(name);
    if (then === undefined || then.pid !== now.pid) continue;
    const grown = now.residentBytes - then.residentBytes;
    if (grown > slack.residentBytes) found.push(`${name} holds ${Math.round(grown / mebibyte)} MiB more`);
    const opened = now.descriptors - then.descriptors;
    if (opened > slack.descriptors) found.push(`${name} holds ${opened} descriptors more`);
  }
  const connected = after.connections - before.connections;
  if (connected > slack.connections) found.push(`the services hold ${connected} connections more`);
  return violations('I10', found);
}
