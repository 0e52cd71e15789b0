import kafkajs from 'kafkajs';
import type pg from 'pg';
import type { Stack } from '../stack/stack.ts';

/** What the ledger's relays publish under load, one record for each row of a table. */
const published = [
  { topic: 'idp.ledger.transfer.v1', table: 'ledger.transfers' },
  { topic: 'idp.ledger.audit.v1', table: 'ledger.audit_log' },
];

/** Records of the ledger on the transport beyond one for each row they tell of: what relays sent again. */
export async function countDoubles(stack: Stack, client: pg.Client): Promise<number> {
  const counts = published.map(({ table }) => `(select count(*) from ${table})`).join(' + ');
  const { rows } = await client.query<{ count: number }>(`select (${counts})::integer as count`);
  return (await countRecords(stack, client)) - rows[0]!.count;
}

async function countRecords(stack: Stack, client: pg.Client): Promise<number> {
  const topics = published.map(({ topic }) => topic);
  if (stack.kafka === undefined) {
    const { rows } = await client.query<{ count: number }>(
      'select count(*)::integer as count from bus.records where topic = any($1)',
      [topics],
    );
    return rows[0]!.count;
  }
  const { Kafka, logLevel } = kafkajs;
  const kafka = new Kafka({ brokers: stack.kafka.bootstrapServers, clientId: 'fault', logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    const partitions = await Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic)));
    return partitions.flat().reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
  } finally {
    await admin.disconnect();
  }
}
