import { setTimeout as delay } from 'node:timers/promises';
import { aroundFault, type Fault } from './fault.ts';

/** How long the others get on without it. */
const awayMs = 500;

function killOf(name: string): Fault {
  return {
    name: `kill-${name}`,
    mayFail: [name],
    lasts: (times) => aroundFault(times) + (name.startsWith('ledger') ? 9_000 : 2_500),
    description: `kill -9 of ${name}, start again`,
    async strike({ stack, note }) {
      const killed = stack.process(name);
      await killed.kill();
      await delay(awayMs);
      note('startToReadyMs', await killed.start());
    },
  };
}

export const kills: Fault[] = ['auth', 'catalog', 'ledger-1'].map(killOf);
