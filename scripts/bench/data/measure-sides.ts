import { callsPerSecond, median } from '../in-process.ts';

export interface SideFigures<Name extends string> {
  /** Median over the rounds of the ratio of two sides' calls per second. */
  ratio(own: Name, peer: Name): number;
  /** Every side with its calls per second and CPU time per call. */
  shown: string;
}

/** Measures sides in turns, the first round dropped. CPU is that of this process, per call. */
export async function measureSides<Name extends string>(
  sides: Record<Name, () => Promise<unknown>>,
  { calls, inFlight, rounds }: { calls: number; inFlight: number; rounds: number },
): Promise<SideFigures<Name>> {
  const names = Object.keys(sides) as Name[];
  const rates: Record<Name, number>[] = [];
  const cpus: Record<Name, number>[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const rate = {} as Record<Name, number>;
    const cpu = {} as Record<Name, number>;
    for (const name of names) {
      const before = process.cpuUsage();
      rate[name] = await callsPerSecond(sides[name], { calls, inFlight });
      const { user, system } = process.cpuUsage(before);
      cpu[name] = (user + system) / calls;
    }
    if (round === 0) continue;
    rates.push(rate);
    cpus.push(cpu);
  }
  const middle = (figures: Record<Name, number>[], name: Name): number => median(figures.map((figure) => figure[name]));
  return {
    ratio: (own, peer) => median(rates.map((rate) => rate[own] / rate[peer])),
    shown: names
      .map((name) => `${name} ${Math.round(middle(rates, name))}/s with ${Math.round(middle(cpus, name))} µs of CPU`)
      .join('; '),
  };
}
