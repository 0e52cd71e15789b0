import { closedLoop, openLoop, type Target } from './driver.ts';
import type { Side } from './side.ts';

export interface Subject {
  name: string;
  side: Side;
  target: Target;
}

/** Figures of one subject, medians over the counted rounds. */
export interface Figures {
  name: string;
  /** CPU of the measured process per request, in microseconds: the gate. */
  cpuMicros: number;
  /** (max − min) ÷ median of `cpuMicros` over the rounds. */
  spread: number;
  requestsPerSecond: number;
  latencyP50Micros: number;
  latencyP99Micros: number;
}

export interface MeasureOptions {
  rounds: number;
  secondsPerRound: number;
  openLoopRate: number;
}

function median(values: number[]): number {
  const sorted = [...values].toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

async function cpuRound({ side, target }: Subject, seconds: number): Promise<{ cpu: number; rate: number }> {
  const before = await side.cpuMicros();
  const load = await closedLoop(target, seconds);
  const used = (await side.cpuMicros()) - before;
  return { cpu: used / load.requests, rate: load.requests / load.seconds };
}

/**
 * Measures all subjects interleaved (A B C A B C …), so that a busy moment of the machine meets all of them. The first round warms up
 * and is dropped. Throughput and latency are shown beside the CPU figure and decide nothing.
 */
export async function measure(subjects: Subject[], options: MeasureOptions): Promise<Figures[]> {
  const rounds = subjects.map(() => ({ cpu: [] as number[], rate: [] as number[] }));
  for (let round = 0; round <= options.rounds; round++) {
    for (const [index, subject] of subjects.entries()) {
      const { cpu, rate } = await cpuRound(subject, options.secondsPerRound);
      if (round === 0) continue;
      rounds[index]?.cpu.push(cpu);
      rounds[index]?.rate.push(rate);
    }
  }
  const figures: Figures[] = [];
  for (const [index, subject] of subjects.entries()) {
    const { cpu = [], rate = [] } = rounds[index] ?? {};
    const latency = await openLoop(subject.target, options.openLoopRate, options.secondsPerRound);
    figures.push({
      name: subject.name,
      cpuMicros: median(cpu),
      spread: (Math.max(...cpu) - Math.min(...cpu)) / median(cpu),
      requestsPerSecond: median(rate),
      latencyP50Micros: latency.getValueAtPercentile(50),
      latencyP99Micros: latency.getValueAtPercentile(99),
    });
  }
  return figures;
}
