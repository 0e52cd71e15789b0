import { longTimes, shortTimes, type Fault, type FaultTimes } from './faults/fault.ts';
import type { FaultOptions } from './options.ts';

/** One cycle of one fault. */
export interface Unit {
  fault: Fault;
  cycle: number;
  /** Expected on a quiet machine of 2 cores. */
  ms: number;
}

/** In the long form a fault is tried so often, and less often when a cycle takes longer than half a minute. */
const longCycles = { quick: 20, slow: 5, quickMs: 30_000 };
/** Servers, services and tenants of a stack, on a quiet machine. */
export const stackMs = 16_000;

export function timesOf({ form }: Pick<FaultOptions, 'form'>): FaultTimes {
  return form === 'long' ? longTimes : shortTimes;
}

/** Whether late answers count as failures: stacks side by side slow one another down, whatever the product does. */
export function judgesTimes({ form, lanes }: Pick<FaultOptions, 'form' | 'lanes'>): boolean {
  return form === 'long' && lanes === 1;
}

/** Faults of these names or groups on this transport; those that only run when named, or in the long form, only then. */
export function chooseFaults(
  faults: readonly Fault[],
  { names, transport, form }: Pick<FaultOptions, 'names' | 'transport'> & Partial<Pick<FaultOptions, 'form'>>,
): Fault[] {
  return faults.filter(({ name, transports, onlyWhenNamed, longFormOnly }) => {
    const named = names.some((wanted) => name === wanted || (!onlyWhenNamed && name.startsWith(`${wanted}-`)));
    const left = onlyWhenNamed === true || (form === 'ci' && longFormOnly === true);
    const wanted = names.length === 0 ? !left : named;
    return wanted && (transports === undefined || transports.includes(transport));
  });
}

/** Every cycle, the longest first, so that lanes that take one after the other end together. */
export function planUnits(faults: readonly Fault[], options: Pick<FaultOptions, 'form' | 'cycles'>): Unit[] {
  const times = timesOf(options);
  const units = faults.flatMap((fault) => {
    const ms = fault.lasts(times);
    const usual = options.form !== 'long' ? 1 : ms > longCycles.quickMs ? longCycles.slow : longCycles.quick;
    return Array.from({ length: options.cycles ?? usual }, (_, index) => ({ fault, cycle: index + 1, ms }));
  });
  return units.toSorted((one, other) => other.ms - one.ms);
}

/** Whether a unit may start while `busy` other lanes work. */
export function mayStart({ fault }: Unit, busy: number): boolean {
  return fault.alone !== true || busy === 0;
}

/** How long that many lanes take for it. */
export function expectedMs(units: readonly Unit[], lanes: number): number {
  const ends = Array.from({ length: Math.min(lanes, Math.max(1, units.length)) }, () => stackMs);
  let aloneMs = 0;
  for (const unit of units) {
    if (mayStart(unit, 1)) ends[ends.indexOf(Math.min(...ends))]! += unit.ms;
    else aloneMs += unit.ms;
  }
  return Math.max(...ends) + aloneMs;
}
