import { createPostgresTransport, createWakeSignal } from '../../src/index.ts';
import { bootstrapBus } from '../../src/postgres/bootstrap-bus.ts';
import { connect, openService, producer, reader, type ServiceHandle } from '../bench-database.ts';
import { openProbe } from '../probe.ts';
import { entityTopic } from '../records.ts';
import { topicOf } from '../topics.ts';
import { transportContract } from '../transport-contract.ts';

transportContract('PostgreSQL bus', async () => {
  const probe = await openProbe('reader.one', 'reader.two');
  const opened: ServiceHandle[] = [];
  const wake = createWakeSignal();
  // Every client has connections of its own, as in another process; half of them hear no wake signal and poll.
  const open = (service: string) => {
    const handle = openService(service, probe.address);
    opened.push(handle);
    const { database, logger } = handle;
    return createPostgresTransport({ database, logger, wake: opened.length % 2 === 0 ? wake : createWakeSignal() });
  };
  const { adminUrl, prefix } = probe.address;
  const missingTopic = 'idp.catalog.nothing.v1';
  return {
    topic: entityTopic,
    missingTopic,
    async makeMissingTopic() {
      const topics = [topicOf(missingTopic, { owner: producer, readers: ['reader.one', 'reader.two'] })];
      await bootstrapBus({ adminUrl, prefix, services: [producer, reader], topics });
    },
    groups: ['idp.reader.one', 'idp.reader.two'],
    producer: () => open(producer),
    consumer: () => open(reader),
    async reset() {
      await probe.reset();
      await using admin = await connect(adminUrl);
      await admin.query('delete from bus.topics where name = $1', [missingTopic]);
    },
    async [Symbol.asyncDispose]() {
      for (const { database } of opened) await database[Symbol.asyncDispose]();
      await probe[Symbol.asyncDispose]();
    },
  };
});
