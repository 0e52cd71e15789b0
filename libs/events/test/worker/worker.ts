// A process of its own with both services of the probe, for tests that kill it. Reads ADMIN_URL, PREFIX and FAILPOINT; says
// `ready` and, when nothing is left to do but to wait for PARKED events (0), `drained`. KILLER names an aggregate whose event
// ends the process, POISON one whose event fails for good. REDRIVE names a tenant whose dead letters are redriven first, which heals POISON.
import {
  createEventRuntime,
  createPostgresTransport,
  createWakeSignal,
  defineConsumer,
  RetryLater,
} from '../../src/index.ts';
import { openService, producer, reader, topicsWithReaders, type ProbeTables } from '../bench-database.ts';
import { recordEffect } from '../record-effect.ts';
import { quickTiming } from '../timing.ts';
import { until } from '../until.ts';

const { ADMIN_URL, PREFIX, KILLER, LATER, POISON, REDRIVE, PARKED = '0' } = process.env;
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
  },
});

const runtimes = [producer, reader].map((service) => {
  const { database, logger, metrics } = openService(service, address);
  const transport = createPostgresTransport({ database, wake, logger });
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
for (const runtime of runtimes) await runtime.drain();
await until(async () => (await runtimes[1]!.status()).consumers[0]!.parked === Number(PARKED));
process.stdout.write('drained\n');
