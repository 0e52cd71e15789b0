import { once } from 'node:events';
import { join } from 'node:path';
import type { AnyService } from '@idp/service';
import { seededRandom } from '@idp/testing/faults';
import type { Violation } from './checks/check.ts';
import { keepEvidence } from './evidence.ts';
import type { FaultOptions } from './options.ts';
import { judgesTimes, timesOf, type Unit } from './plan.ts';
import { runCycle, type CycleResult } from './run-cycle.ts';
import { startStack, type Stack } from './stack/stack.ts';
import { createHistory, type History } from './workload/history.ts';

export interface LaneParts {
  options: FaultOptions;
  ledger: AnyService;
  /** Ends the lane at once. */
  interrupted: AbortSignal;
  /** The next cycle to run; undefined when there is none. */
  next(): Unit | undefined;
  /** A unit's fault cannot be tried here. */
  onMissing(unit: Unit, why: string): void;
  onResult(unit: Unit, result: CycleResult): void;
}

/** What was done with one stack is checked as a whole after every cycle: a new one keeps that short. */
const operationsMax = 15_000;
/** These speak of the moment; after any other the stack's data are wrong for good. */
const passing = new Set<Violation['invariant']>(['I9', 'I10', 'row']);

/** Runs one cycle after the other on a stack of its own, on a new one where the last one broke. */
export async function runLane({ options, ledger, interrupted, next, onMissing, onResult }: LaneParts): Promise<void> {
  const { transport, brokers, seed, rate } = options;
  const stopped = once(interrupted, 'abort').then(() => undefined);
  let current: { stack: Stack; history: History } | undefined;
  async function renew(): Promise<void> {
    await current?.stack[Symbol.asyncDispose]();
    current = undefined;
  }
  async function open(): Promise<{ stack: Stack; history: History }> {
    const stack = await startStack({ transport, brokers, seed, ledger });
    return { stack, history: createHistory(join(stack.directory, 'history.jsonl')) };
  }
  try {
    for (let unit = next(); unit !== undefined && !interrupted.aborted; unit = next()) {
      current ??= await open();
      const { stack, history } = current;
      const why = unit.fault.missing?.(stack);
      if (why !== undefined) {
        onMissing(unit, why);
        continue;
      }
      const startedAt = performance.now();
      const random = seededRandom(seed + unit.cycle);
      const { fault } = unit;
      const cycle = { stack, history, fault, random, times: timesOf(options), rate, judgeTimes: judgesTimes(options) };
      const running = runCycle(cycle).catch((error: unknown) => unfinished(error, performance.now() - startedAt));
      const result = await Promise.race([running, stopped]);
      if (result === undefined) break;
      onResult(unit, result);
      const broken = result.violations.some(({ invariant }) => !passing.has(invariant));
      if (result.violations.length > 0) keepEvidence(stack, `${unit.fault.name}-${unit.cycle}`);
      if (broken || history.entries.length > operationsMax) await renew();
    }
  } finally {
    await renew();
  }
}

/** A cycle that did not come to its end is as bad as one that lost something. */
function unfinished(error: unknown, ms: number): CycleResult {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    operations: 0,
    ok: 0,
    fail: 0,
    unknown: 0,
    retried: 0,
    doubles: 0,
    quietAfterMs: 0,
    tookMs: Math.round(ms),
    spared: { tries: 0, failed: 0, late: 0 },
    notes: {},
    violations: [{ invariant: 'run', what }],
  };
}
