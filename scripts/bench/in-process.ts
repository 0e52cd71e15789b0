/** Median CPU time of this process per call in microseconds: one call after the other, several rounds, the first one dropped. */
export async function cpuMicrosPerCall(
  call: () => Promise<unknown>,
  { calls, rounds }: { calls: number; rounds: number },
): Promise<number> {
  const figures: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const before = process.cpuUsage();
    for (let index = 0; index < calls; index += 1) await call();
    const { user, system } = process.cpuUsage(before);
    if (round > 0) figures.push((user + system) / calls);
  }
  return median(figures);
}

/** Calls a second with this many in flight. */
export async function callsPerSecond(
  call: () => Promise<unknown>,
  { calls, inFlight }: { calls: number; inFlight: number },
): Promise<number> {
  let left = calls;
  const began = performance.now();
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await call();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  return calls / ((performance.now() - began) / 1000);
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
