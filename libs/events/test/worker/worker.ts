// A process of its own with both services of the probe, for tests that kill or freeze it. Reads ADMIN_URL, PREFIX, FAILPOINT and, to
// have Kafka between the services, KAFKA and KAFKA_PREFIX; says `ready` and, when nothing is left to do but to wait for PARKED events (0),
// `drained`. STAYS: it never says the latter. KILLER names an aggregate whose event ends the process, POISON one whose event fails for good,
// FREEZER one whose first event stops the process (SIGSTOP) when its effect is written (`handler`) or committed (`offset`), as FREEZE says.
// REDRIVE names a tenant whose dead letters are redriven first, which heals POISON.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createEventRuntime,
  createPostgresTransport,
  createWakeSignal,
  defineConsumer,
  RetryLater,
  type EventTransport,
  type RecordChunk,
} from '../../src/index.ts';
import { openService, producer, reader, topicsWithReaders, type ProbeTables } from '../bench-database.ts';
import { openKafka } from '../carriers/kafka.ts';
import { kafkaSettingsOf } from '../kafka/brokers.ts';
import { recordEffect } from '../record-effect.ts';
import { quickTiming } from '../timing.ts';

const { ADMIN_URL, PREFIX, KAFKA, KAFKA_PREFIX = '' } = process.env;
// The process that started this one is gone: nobody else would end it.
process.stdin.resume().once('close', () => process.exit(1));

const { KILLER, LATER, POISON, FREEZER, FREEZE, REDRIVE, STAYS, PARKED = '0' } = process.env;
if (ADMIN_URL === undefined || PREFIX === undefined) throw new Error('ADMIN_URL and PREFIX are needed');
const address = { adminUrl: ADMIN_URL, prefix: PREFIX };
const name = 'reader.probe';
const topics = topicsWithReaders(name);
const wake = createWakeSignal();

const consumer = defineConsumer<'idp.catalog.v1.EntityUpdated', ProbeTables>({
  name,
  types: ['idp.catalog.v1.EntityUpdated'],
  ordering: 'key',
  async handle(tx, event, { attempt }) {
    if (event.aggregateId === KILLER) process.kill(process.pid, 'SIGKILL');
    if (event.aggregateId === LATER && attempt === 1) throw new RetryLater(20);
    if (event.aggregateId === POISON && REDRIVE === undefined) throw new Error('poison');
    await recordEffect(tx, name, event);
    if (event.aggregateId === FREEZER && FREEZE === 'handler') freeze();
  },
});

let frozen = false;
function freeze(): void {
  if (frozen) return;
  frozen = true;
  process.kill(process.pid, 'SIGSTOP');
}

/** Stops between the commit of an effect and its offset. */
function freezing(transport: EventTransport): EventTransport {
  const onChunk = async (inner: (chunk: RecordChunk) => Promise<void>, chunk: RecordChunk): Promise<void> => {
    await inner(chunk);
    if (chunk.records.some(({ key }) => key?.endsWith(`:${FREEZER}`))) freeze();
  };
  return {
    ...transport,
    subscribe: (wish) => transport.subscribe({ ...wish, onChunk: (chunk) => onChunk(wish.onChunk, chunk) }),
  };
}

const runtimes = [producer, reader].map((service) => {
  const { database, logger, metrics } = openService(service, address);
  const carrying =
    KAFKA === undefined
      ? createPostgresTransport({ database, wake, logger })
      : openKafka(kafkaSettingsOf(KAFKA), KAFKA_PREFIX, { service, logger, metrics });
  const transport = FREEZE === 'offset' ? freezing(carrying) : carrying;
  const consumers = service === reader ? [consumer] : [];
  const env = process.env;
  return createEventRuntime({
    service,
    database,
    transport,
    wake,
    consumers,
    metrics,
    logger,
    env,
    topics,
    timing: quickTiming,
  });
});
for (const runtime of runtimes) await runtime.start();
process.stdout.write('ready\n');
if (REDRIVE !== undefined) {
  const { deadLetters } = runtimes[1]!;
  const selection = { filter: {}, tenantId: REDRIVE, triedBefore: '2100-01-01T00:00:00Z' };
  const acting = { actor: 'user:operator', signal: new AbortController().signal };
  for (const { id } of await deadLetters.next(selection, 10)) await deadLetters.redriveOne(REDRIVE, id, acting);
}
if (STAYS === undefined) {
  while (!(await isIdle().catch(() => false))) await sleep(50);
  process.stdout.write('drained\n');
}

async function isIdle(): Promise<boolean> {
  for (const runtime of runtimes) if (!(await runtime.drained())) return false;
  return (await runtimes[1]!.status()).consumers[0]!.parked === Number(PARKED);
}
