import { createPostgresTransport, createWakeSignal } from '../../src/index.ts';
import { openService, producer, reader, type ServiceHandle } from '../bench-database.ts';
import { openProbe } from '../probe.ts';
import { entityTopic } from '../records.ts';
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
  return {
    topic: entityTopic,
    missingTopic: 'idp.catalog.nothing.v1',
    groups: ['idp.reader.one', 'idp.reader.two'],
    producer: () => open(producer),
    consumer: () => open(reader),
    reset: () => probe.reset(),
    async [Symbol.asyncDispose]() {
      for (const { database } of opened) await database[Symbol.asyncDispose]();
      await probe[Symbol.asyncDispose]();
    },
  };
});
