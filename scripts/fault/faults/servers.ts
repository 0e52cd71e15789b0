import { once } from 'node:events';
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { withAdmin } from '../stack/admin.ts';
import type { Stack } from '../stack/stack.ts';
import { aroundFault, type Fault, type FaultTimes } from './fault.ts';

const onKafka = { transports: ['kafka'] as const };
const outage = { lasts: (times: FaultTimes) => aroundFault(times) + times.outageMs };

function broker(stack: Stack, index = 0) {
  const found = stack.kafka?.brokers[index];
  if (found === undefined) throw new Error('this stack has no Kafka');
  return found;
}

async function readOnly(stack: Stack, on: boolean): Promise<void> {
  await withAdmin(stack, async (client) => {
    await client.query('set default_transaction_read_only = off');
    await client.query(`alter system set default_transaction_read_only = ${on ? 'on' : 'off'}`);
    await client.query('select pg_reload_conf()');
  });
}

/** Some transfers sleep in their commit, after their event has its number: others overtake them. */
const lateCommits = `
  create function ledger.fault_late() returns trigger language plpgsql as $$
    begin if random() < 0.3 then perform pg_sleep(0.3); end if; return null; end $$;
  grant execute on function ledger.fault_late() to public;
  create constraint trigger fault_late after insert on ledger.transfers deferrable initially deferred
    for each row execute function ledger.fault_late()`;

/** One command in Redis' inline form, past the link. Throws when it is not answered with OK. */
async function redisCommand({ redis }: Stack, command: string): Promise<void> {
  const { hostname, port } = new URL(redis.url);
  const socket = createConnection(Number(port), hostname);
  try {
    socket.write(`${command}\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    if (!String(answer).startsWith('+OK')) throw new Error(`Redis answered ${answer}`);
  } finally {
    socket.destroy();
  }
}

/** Servers that stop, die, freeze or forget. */
export const serverFaults: Fault[] = [
  {
    ...outage,
    name: 'postgres-restart',
    mayFail: 'all',
    description: 'PostgreSQL stopped at once (`-m immediate`) and started again',
    strike: ({ stack, times }) => stack.postgres.restartImmediately(times.outageMs),
  },
  {
    ...outage,
    name: 'postgres-read-only',
    mayFail: 'all',
    description: 'PostgreSQL takes no writes for a while',
    async strike({ stack, times }) {
      await readOnly(stack, true);
      await delay(times.outageMs);
      await readOnly(stack, false);
    },
  },
  {
    ...outage,
    name: 'postgres-late-commits',
    mayFail: [],
    description: 'transactions commit in another order than their events were numbered',
    async strike({ stack, times }) {
      await withAdmin(stack, (client) => client.query(lateCommits));
      await delay(times.outageMs);
      await withAdmin(stack, (client) => client.query('drop function ledger.fault_late() cascade'));
    },
  },
  {
    ...onKafka,
    name: 'broker-stop',
    mayFail: [],
    lasts: (times) => aroundFault(times) + times.brokerMs + 15_000,
    description: 'a broker is stopped and comes back',
    async strike({ stack, times }) {
      await broker(stack).stop();
      await delay(times.brokerMs);
      await broker(stack).start();
    },
  },
  {
    ...onKafka,
    name: 'broker-kill',
    mayFail: [],
    lasts: (times) => aroundFault(times) + times.brokerMs + 15_000,
    description: 'kill -9 of a broker, which comes back',
    async strike({ stack, times, random }) {
      const index = Math.floor(random() * (stack.kafka?.brokers.length ?? 1));
      await broker(stack, index).kill();
      await delay(times.brokerMs);
      await broker(stack, index).start();
    },
  },
  {
    ...outage,
    name: 'redis-kill',
    mayFail: [],
    p95Times: 3,
    description: 'kill -9 of Redis, which comes back empty',
    async strike({ stack, times }) {
      await stack.redis.kill();
      await delay(times.outageMs);
      await stack.redis.start();
    },
  },
  {
    ...outage,
    name: 'redis-freeze',
    mayFail: [],
    p95Times: 3,
    description: 'Redis takes connections and answers nothing for a while',
    async strike({ stack, times }) {
      stack.redis.freeze();
      await delay(times.outageMs);
      stack.redis.resume();
    },
  },
  {
    ...outage,
    name: 'redis-flush',
    mayFail: [],
    p95Times: 3,
    description: 'Redis forgets everything, five times in a row',
    async strike({ stack, times }) {
      for (let round = 0; round < 5; round++) {
        await redisCommand(stack, 'FLUSHALL');
        await delay(times.outageMs / 5);
      }
    },
  },
];
