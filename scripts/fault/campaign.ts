import { writeFile } from 'node:fs/promises';
import type { AnyService } from '@idp/service';
import type { Fault } from './faults/fault.ts';
import { runLane } from './lane.ts';
import type { FaultOptions } from './options.ts';
import { expectedMs, mayStart, planUnits, type Unit } from './plan.ts';
import { reliabilityPage } from './report.ts';
import { openResults } from './results.ts';
import type { CycleResult } from './run-cycle.ts';
import { removeAbandonedStacks } from './stack/abandoned.ts';

/** Faults by what became of them in this run. */
export interface Outcome {
  passed: readonly string[];
  failed: readonly string[];
  /** With the reason why they cannot be tried here. */
  skipped: ReadonlyMap<string, string>;
  /** Cycles that were not reached. */
  left: number;
}

export interface CampaignParts {
  options: FaultOptions;
  /** Those to run. */
  faults: readonly Fault[];
  ledger: AnyService;
  /** Ends the campaign; cycles that are under way count for nothing. */
  interrupted: AbortSignal;
}

/** Runs the faults on as many stacks as there are lanes and writes the report of the forms that have one. */
export async function runCampaign({ options, faults, ledger, interrupted }: CampaignParts): Promise<Outcome> {
  const results = openResults(options);
  const planned = planUnits(faults, options);
  const units = planned.filter(({ fault, cycle }) => !results.has(fault.name, cycle));
  console.log(describePlan(options, planned, units));
  await removeAbandonedStacks();
  const skipped = new Map<string, string>();
  let left = units.length;
  const lanes = Math.min(options.lanes, units.length);
  // Lanes that have not said that they are through: the last one does what has to be done alone.
  let busy = lanes;
  const parts = {
    options,
    ledger,
    interrupted,
    next() {
      busy -= 1;
      const index = units.findIndex((unit) => mayStart(unit, busy));
      if (index === -1) return undefined;
      busy += 1;
      return units.splice(index, 1)[0];
    },
    onMissing({ fault }: Unit, why: string) {
      left -= 1;
      if (!skipped.has(fault.name)) console.error(`SKIPPED ${fault.name}: ${why}`);
      skipped.set(fault.name, why);
    },
    onResult({ fault, cycle }: Unit, result: CycleResult) {
      left -= 1;
      results.add({ fault: fault.name, cycle, result });
      print(options, fault, cycle, result);
    },
  };
  await Promise.all(Array.from({ length: lanes }, () => runLane(parts)));
  if (options.form === 'long' || options.write)
    await writeFile('docs/reliability.md', reliabilityPage(options, faults, results.finished, skipped));
  const broken = new Set(results.finished.flatMap(({ fault, result }) => (result.violations.length > 0 ? fault : [])));
  const tried = faults.map(({ name }) => name).filter((name) => results.finished.some(({ fault }) => fault === name));
  return {
    passed: tried.filter((name) => !broken.has(name)),
    failed: tried.filter((name) => broken.has(name)),
    skipped,
    left,
  };
}

export function describePlan(options: FaultOptions, planned: readonly Unit[], units: readonly Unit[]): string {
  const { seed, transport, brokers, rate, lanes } = options;
  const minutes = (expectedMs(units, lanes) / 60_000).toFixed(1);
  const done = planned.length - units.length;
  return (
    `${units.length} cycles of ${new Set(units.map(({ fault }) => fault.name)).size} faults${done === 0 ? '' : `, ${done} done before`}; ` +
    `${lanes} stacks on ${transport}${transport === 'kafka' ? ` with ${brokers} brokers each` : ''}, ` +
    `${rate} operations/s each, seed ${seed}; ${minutes} minutes on 2 quiet cores`
  );
}

function print(options: FaultOptions, fault: Fault, cycle: number, result: CycleResult): void {
  const { violations, notes, spared, ...counts } = result;
  const others =
    spared.tries === 0 ? {} : { sparedTries: spared.tries, sparedFailed: spared.failed, sparedLate: spared.late };
  const figures = Object.entries({ ...counts, ...others, ...notes }).map(([name, value]) => `${name} ${value}`);
  console.log(`${violations.length === 0 ? 'holds' : 'BROKEN'} ${fault.name} ${cycle}: ${figures.join(', ')}`);
  if (violations.length === 0) return;
  for (const { invariant, what } of violations) console.error(`  ${invariant}: ${what}`);
  const { transport, brokers, rate, seed, form } = options;
  const long = form === 'long' ? ' --long' : '';
  // The chance of a cycle comes from the sum of both.
  const repeat = `--cycles 1 --seed ${seed + cycle - 1} --transport ${transport} --brokers ${brokers} --rate ${rate}${long}`;
  console.error(`  repeat: npm run fault -- ${fault.name} ${repeat}`);
}
