import { percentile } from '../jobs/stage.ts';

export interface CallTimes {
  /** CPU of the process per call. */
  cpuMicros: number;
  p99Micros: number;
}

/** Calls that end at once: CPU over all of them, and the wall time of each in a second pass. */
export function timeCalls<T>(inputs: readonly T[], call: (input: T) => unknown): CallTimes {
  for (const input of inputs) call(input);
  const before = process.cpuUsage();
  for (const input of inputs) call(input);
  const { user, system } = process.cpuUsage(before);
  const times: number[] = [];
  for (const input of inputs) {
    const began = performance.now();
    call(input);
    times.push((performance.now() - began) * 1_000);
  }
  return { cpuMicros: (user + system) / inputs.length, p99Micros: percentile(times, 0.99) };
}
