import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceProcess } from '../stack/service-process.ts';
import { aroundFault, type Fault } from './fault.ts';

/** Time between two changes of the group. */
const churnPauseMs = 5_000;

/** What ledger-1 is left with, so that it does one thing alone; ledger-2 goes on with everything. */
const roles = {
  relay: { LEDGER_PARTS: '' },
  consumer: { LEDGER_PARTS: 'consumers', EVENTS_RELAY_LOOPS: '0' },
  worker: { LEDGER_PARTS: 'jobs', EVENTS_RELAY_LOOPS: '0' },
};

async function freeze(ledger: ServiceProcess, ms: number): Promise<void> {
  ledger.signal('SIGSTOP');
  await delay(ms).finally(() => ledger.signal('SIGCONT'));
  // It is alive again when it says so; its connections may all be gone.
  while (!(await ledger.ready())) await delay(100);
}

/** One that does a single thing, frozen and thawed: by then another has done its work, and it must not do it once more. */
const zombies: Fault[] = Object.entries(roles).map(([role, env]) => ({
  name: `zombie-${role}`,
  description: `ledger-1 as a ${role} alone: SIGSTOP, then SIGCONT`,
  mayFail: ['ledger-1'],
  lasts: (times) => aroundFault(times) + times.frozenMs + 10_000,
  async strike({ stack, times }) {
    const ledger = stack.process('ledger-1');
    await ledger.stop();
    await ledger.start(env);
    await delay(times.aroundMs);
    await freeze(ledger, times.frozenMs);
    await ledger.stop();
    await ledger.start();
  },
}));

/** Service processes that freeze, come and go. */
export const processFaults: Fault[] = [
  {
    name: 'zombie',
    mayFail: ['ledger-1'],
    lasts: (times) => aroundFault(times) + times.frozenMs + 1_000,
    description: 'SIGSTOP of ledger-1 (relay and consumers), then SIGCONT: by then others do its work',
    async strike({ stack, times }) {
      await freeze(stack.process('ledger-1'), times.frozenMs);
    },
  },
  ...zombies,
  {
    name: 'churn',
    mayFail: ['ledger-2'],
    lasts: (times) => aroundFault(times) + times.churnMs + 4_000,
    description: 'ledger-2 leaves in order and comes back, again and again',
    async strike({ stack, times, note }) {
      const ledger = stack.process('ledger-2');
      const until = performance.now() + times.churnMs;
      let changes = 0;
      while (performance.now() < until) {
        await ledger.stop();
        await delay(churnPauseMs / 5);
        await ledger.start();
        changes += 1;
        await delay(churnPauseMs);
      }
      note('changes', changes);
    },
  },
  {
    name: 'rolling-restart',
    mayFail: 'all',
    lasts: (times) => aroundFault(times) + 12_000,
    description: 'every service stops in order and starts, one after the other',
    async strike({ stack }) {
      for (const name of ['ledger-1', 'ledger-2', 'catalog', 'auth']) {
        const code = await stack.process(name).stop();
        if (code !== 0) throw new Error(`${name} ended with ${code} after SIGTERM`);
        await stack.process(name).start();
      }
    },
  },
];
