import { setTimeout as delay } from 'node:timers/promises';
import { startLoad } from '../workload/load.ts';
import { aroundFault, type Fault } from './fault.ts';

/** Clients that ask as fast as they are answered: 16 of them use a stack up, and these are three times as many. */
const greedy = { clients: 48, rate: 1_000_000, closes: true };

/** More work than there is room for. */
export const overload: Fault = {
  name: 'overload',
  description: 'three times as many clients as use the machine up, without a pause',
  mayFail: 'all',
  alone: true,
  lasts: (times) => aroundFault(times) + times.overloadMs + 6_000,
  async strike({ stack, history, random, times, claim, note }) {
    const more = await startLoad({ stack, history, random, patienceMs: times.overloadMs + 30_000, ...greedy });
    const health: boolean[] = [];
    const until = performance.now() + times.overloadMs;
    while (performance.now() < until) {
      await delay(1_000);
      health.push(...(await Promise.all(stack.processes.map((each) => each.healthy()))));
    }
    await more.stop();
    const statuses = Map.groupBy(more.answers, ({ status }) => status);
    const answered = [...statuses].filter(([status]) => status !== undefined && status < 500);
    note(
      'answeredPerSecond',
      Math.round(answered.reduce((sum, [, all]) => sum + all.length, 0) / (times.overloadMs / 1000)),
    );
    note('refused', statuses.get(503)?.length ?? 0);
    claim((statuses.get(500)?.length ?? 0) === 0, `${statuses.get(500)?.length} requests were answered 500`);
    claim(
      health.every(Boolean),
      `${health.filter((well) => !well).length} of ${health.length} looks found a process that is not well`,
    );
  },
};
