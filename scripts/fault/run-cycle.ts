import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { checkCatalog } from './checks/catalog.ts';
import type { Violation } from './checks/check.ts';
import { checkOutcomes } from './checks/inbox.ts';
import { checkLedger } from './checks/ledger.ts';
import { checkOutside } from './checks/outside.ts';
import { untilQuiet } from './checks/quiet.ts';
import { checkResources, measureResources, type Resources } from './checks/resources.ts';
import { checkWalls } from './checks/walls.ts';
import { countDoubles } from './checks/wire.ts';
import type { Fault, FaultTimes } from './faults/fault.ts';
import type { Stack } from './stack/stack.ts';
import type { Entry, History } from './workload/history.ts';
import { startLoad } from './workload/load.ts';

export interface CycleOptions {
  stack: Stack;
  history: History;
  fault: Fault;
  random: () => number;
  times: FaultTimes;
  rate: number;
}

export interface CycleResult {
  operations: number;
  ok: number;
  fail: number;
  unknown: number;
  /** Operations that needed more than one try. */
  retried: number;
  /** Records the relay sent again. */
  doubles: number;
  /** From the end of the fault until nothing moved any more. */
  quietAfterMs: number;
  notes: Readonly<Record<string, number | string>>;
  violations: readonly Violation[];
}

/** Load before and after the fault, so that it strikes in the middle of work and heals under it. */
const aroundMs = 1_000;
const returnMs = 45_000;
const checks = [checkLedger, checkCatalog, checkOutcomes, checkOutside, checkWalls];

/** One fault under load: strike, heal, wait until nothing moves, judge. */
export async function runCycle({ stack, history, fault, random, times, rate }: CycleOptions): Promise<CycleResult> {
  const notes: Record<string, number | string> = {};
  const seen = history.entries.length;
  const doublesBefore = await withAdmin(stack, (admin) => countDoubles(stack, admin));
  let before: Resources;
  const load = await startLoad({ stack, history, rate, random, patienceMs: times.outageMs + 15_000 });
  try {
    await delay(aroundMs);
    before = await withAdmin(stack, (admin) => measureResources(stack, admin));
    await fault.strike({ stack, random, times, note: (name, value) => void (notes[name] = value) });
    await delay(aroundMs);
  } finally {
    await load.stop();
  }
  return withAdmin(stack, async (admin) => {
    const quietAfterMs = await untilQuiet(stack, admin);
    const evidence = { stack, client: admin, entries: history.entries };
    const found: Violation[] = [];
    for (const check of checks) found.push(...(await check(evidence)));
    found.push(...(await untilResourcesReturn(stack, admin, before)));
    const doubles = (await countDoubles(stack, admin)) - doublesBefore;
    if (fault.doublesOnTheWire === true && doubles === 0)
      found.push({ invariant: 'I2', what: 'nothing was sent twice, so nothing was proved' });
    return { ...tally(history.entries.slice(seen)), doubles, quietAfterMs, notes, violations: found };
  });
}

/** Pools let go of what they do not need after a while: the last word counts. */
async function untilResourcesReturn(stack: Stack, admin: pg.Client, before: Resources): Promise<Violation[]> {
  const deadline = performance.now() + returnMs;
  for (;;) {
    const found = checkResources(before, await measureResources(stack, admin));
    if (found.length === 0 || performance.now() > deadline) return found;
    await delay(500);
  }
}

function tally(entries: readonly Entry[]) {
  const count = (matches: (entry: Entry) => boolean) => entries.filter(matches).length;
  return {
    operations: entries.length,
    ok: count(({ outcome }) => outcome === 'ok'),
    fail: count(({ outcome }) => outcome === 'fail'),
    unknown: count(({ outcome }) => outcome === 'unknown'),
    retried: count(({ tries }) => tries > 1),
  };
}

/** A connection past every link, for as long as `fn` runs: a restart of the server in between does not reach it. */
async function withAdmin<T>(stack: Stack, fn: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: stack.postgres.adminUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await fn(client);
  } finally {
    await client.end();
  }
}
