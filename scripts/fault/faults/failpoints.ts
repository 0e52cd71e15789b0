import { aroundFault, type Fault } from './fault.ts';

/** How long a process may take to come to its failpoint under load. */
const reachedMs = 180_000;

/** The process dies at the named place, at the n-th time it comes by, and is started again without it. */
function failpoint(place: string, times: number, more: Partial<Fault> & { env?: Record<string, string> } = {}): Fault {
  const { env = {}, ...rest } = more;
  return {
    name: `failpoint-${place.replace('.', '-').toLowerCase()}`,
    mayFail: ['ledger-1'],
    lasts: (times) => aroundFault(times) + 16_000,
    description: `ledger-1 dies at ${place}, at the ${times}th time, and starts again`,
    async strike({ stack, note }) {
      const ledger = stack.process('ledger-1');
      await ledger.stop();
      await ledger.start({ ...env, FAILPOINT: `${place}:${times}` }).catch((error: Error) => {
        // It may die before anybody saw it ready.
        if (!error.message.includes('ended while it started')) throw error;
      });
      if (!(await ledger.ended(reachedMs))) throw new Error(`${place} was not reached`);
      note('startToReadyMs', await ledger.start());
    },
    ...rest,
  };
}

export const failpoints: Fault[] = [
  failpoint('relay.beforePublish', 20),
  failpoint('relay.afterAck', 20, { doublesOnTheWire: true }),
  failpoint('consumer.afterEffect', 20),
  failpoint('consumer.beforeOffset', 20),
  failpoint('jobs.beforeFinish', 20),
  failpoint('park.beforeCommit', 2, { env: { LEDGER_PARKS_ONE_IN: '8' } }),
];
