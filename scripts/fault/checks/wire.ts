import kafkajs from 'kafkajs';
import type pg from 'pg';
import type { Stack } from '../stack/stack.ts';

const topic = 'idp.ledger.transfer.v1';

/** Records of transfers on the transport beyond one for each transfer: what relays sent again. */
export async function countDoubles(stack: Stack, client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>('select count(*)::integer as count from ledger.transfers');
  return (await countRecords(stack, client)) - rows[0]!.count;
}

async function countRecords(stack: Stack, client: pg.Client): Promise<number> {
  if (stack.kafka === undefined) {
    const { rows } = await client.query<{ count: number }>(
      'select count(*)::integer as count from bus.records where topic = $1',
      [topic],
    );
    return rows[0]!.count;
  }
  const { Kafka, logLevel } = kafkajs;
  const kafka = new Kafka({ brokers: stack.kafka.bootstrapServers, clientId: 'fault', logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    const partitions = await admin.fetchTopicOffsets(topic);
    return partitions.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
  } finally {
    await admin.disconnect();
  }
}
