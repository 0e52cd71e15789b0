import type { TopicDefinition } from '@idp/contracts';
import { createPostgresTransport } from '../../src/index.ts';
import { bootstrapBus } from '../../src/postgres/bootstrap-bus.ts';
import { connect, producer, reader, type Address } from '../bench-database.ts';
import type { Carrier } from './carrier.ts';

/** The bus in the database of the services. */
export function busCarrier({ adminUrl, prefix }: Address, topics: readonly TopicDefinition[]): Carrier {
  async function administer<T extends object>(text: string, values: readonly unknown[] = []): Promise<T[]> {
    await using client = await connect(adminUrl);
    return (await client.query<T>(text, [...values])).rows;
  }
  return {
    name: 'the PostgreSQL bus',
    env: {},
    open: ({ database, logger }, wake) => createPostgresTransport({ database, wake, logger }),
    async reset() {
      await administer('truncate bus.records, bus.group_offsets');
      await administer('update bus.partitions set next_offset = 0');
    },
    async countRecords() {
      const [row] = await administer<{ count: string }>('select count(*) from bus.records');
      return Number(row!.count);
    },
    async removeTopic(name) {
      await administer('delete from bus.topics where name = $1', [name]);
      await administer('delete from bus.records where topic = $1', [name]);
    },
    makeTopic: (name) =>
      bootstrapBus({
        adminUrl,
        prefix,
        services: [producer, reader],
        topics: topics.filter((topic) => topic.name === name),
      }),
    async [Symbol.asyncDispose]() {},
  };
}
