import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { checkSpared, countSpared, p95, type Spared } from './checks/answers.ts';
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
import { withAdmin } from './stack/admin.ts';
import type { Stack } from './stack/stack.ts';
import type { Answer } from './workload/client.ts';
import type { Entry, History } from './workload/history.ts';
import { startLoad, type Load } from './workload/load.ts';

export interface CycleOptions {
  stack: Stack;
  history: History;
  fault: Fault;
  random: () => number;
  times: FaultTimes;
  rate: number;
  /** Judge how fast the answers came, too: for a machine that does nothing else. */
  judgeTimes: boolean;
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
  /** Of the whole cycle. */
  tookMs: number;
  spared: Spared;
  notes: Readonly<Record<string, number | string>>;
  violations: readonly Violation[];
}

/** How long a client tries one operation beyond the fault. */
const patienceMs = 15_000;
const returnMs = 45_000;
const checks = [checkLedger, checkCatalog, checkOutcomes, checkOutside, checkWalls];

/** One fault under load: strike, heal, wait until nothing moves, judge. */
export async function runCycle(options: CycleOptions): Promise<CycleResult> {
  const { stack, history, fault, random, times, rate } = options;
  const startedAt = performance.now();
  const notes: Record<string, number | string> = {};
  const found: Violation[] = [];
  const seen = history.entries.length;
  const doublesBefore = await withAdmin(stack, (admin) => countDoubles(stack, admin));
  const load = await startLoad({ stack, history, rate, random, patienceMs: times.outageMs + patienceMs });
  let struck: Struck;
  try {
    struck = await strike(options, load, {
      note: (name, value) => void (notes[name] = value),
      claim: (holds, what) => void (holds || found.push({ invariant: 'row', what })),
    });
  } finally {
    await load.stop();
  }
  found.push(...checkSpared(struck.spared, options.judgeTimes));
  if (fault.p95Times !== undefined) {
    const { p95Before, p95During } = struck;
    Object.assign(notes, { p95Before: Math.round(p95Before ?? 0), p95During: Math.round(p95During ?? 0) });
    const tooSlow = (p95During ?? 0) > fault.p95Times * (p95Before ?? Infinity);
    if (options.judgeTimes && tooSlow)
      found.push({ invariant: 'row', what: `p95 ${p95During} ms after ${p95Before} ms` });
  }
  return withAdmin(stack, async (admin) => {
    const quietAfterMs = await untilQuiet(stack, admin);
    const evidence = { stack, client: admin, entries: history.entries };
    for (const check of checks) found.push(...(await check(evidence)));
    found.push(...(await untilResourcesReturn(stack, admin, struck.before)));
    const doubles = (await countDoubles(stack, admin)) - doublesBefore;
    if (fault.doublesOnTheWire === true && doubles <= 0)
      found.push({ invariant: 'I2', what: 'nothing was sent twice, so nothing was proved' });
    const tookMs = Math.round(performance.now() - startedAt);
    const { spared } = struck;
    return { ...tally(history.entries.slice(seen)), doubles, quietAfterMs, tookMs, spared, notes, violations: found };
  });
}

interface Struck {
  before: Resources;
  spared: Spared;
  p95Before: number | undefined;
  p95During: number | undefined;
}

async function strike(
  { stack, history, fault, random, times, rate, judgeTimes }: CycleOptions,
  load: Load,
  report: Pick<Parameters<Fault['strike']>[0], 'note' | 'claim'>,
): Promise<Struck> {
  await delay(times.aroundMs);
  const before = await withAdmin(stack, (admin) => measureResources(stack, admin));
  const struckAt = performance.now();
  await fault.strike({ stack, history, random, times, rate, judgeTimes, answers: () => load.answers, ...report });
  const healedAt = performance.now();
  await delay(times.aroundMs);
  const within = (from: number, to: number): Answer[] => load.answers.filter(({ at }) => at >= from && at < to);
  const during = within(struckAt, healedAt);
  return {
    before,
    spared: countSpared(during, fault.mayFail),
    p95Before: p95(within(0, struckAt)),
    p95During: p95(during),
  };
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
