import { topicsOf, type TopicDefinition } from '@idp/contracts';
import { bootstrapRoles, migrate, serviceRoles } from '@idp/database';
import type { Logger } from '@idp/telemetry';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { groupOf } from '../consumer/define-consumer.ts';
import { EventConfigurationError } from '../errors.ts';
import { busMigrations } from '../migrations.ts';

export interface BootstrapBusOptions {
  /** Login that may create roles and schemas; direct, not through a pooler. */
  adminUrl: string;
  /** Services whose topics the bus carries; their roles exist already. */
  services: readonly string[];
  /** Default `idp_`. */
  prefix?: string;
  /** Default: the topics that proto/topics.yaml gives these services. */
  topics?: readonly TopicDefinition[];
  logger?: Pick<Logger, 'info' | 'warn'>;
}

const bus = 'bus';

/**
 * Makes the schema `bus` with its owner role, brings it to this release, and writes topics, owners and readers into it.
 * Idempotent. Throws EventConfigurationError when the partition count of a topic would change: its keys would move.
 */
export async function bootstrapBus(options: BootstrapBusOptions): Promise<void> {
  const { adminUrl, services, prefix, logger } = options;
  const named = prefix === undefined ? {} : { prefix };
  // Nobody logs in as these: the bus is reached as the app role of a service.
  await bootstrapRoles({ adminUrl, services: [bus], ...named, passwords: () => randomBytes(32).toString('hex') });
  await migrate({ url: adminUrl, service: bus, ...named, sources: [busMigrations], ...(logger && { logger }) });
  const client = new pg.Client({
    connectionString: adminUrl,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 30_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { owner, app, relay } = serviceRoles(bus, prefix);
    await client.query('begin');
    await client.query(`select pg_advisory_xact_lock(hashtextextended('idp bus topics', 0))`);
    await client.query(`alter role ${app} nologin; alter role ${relay} nologin; set local role ${owner}`);
    for (const service of services) await admit(client, serviceRoles(service, prefix).app);
    for (const topic of options.topics ?? services.flatMap(topicsOf)) await writeTopic(client, topic, prefix);
    await client.query('commit');
  } finally {
    await client.end();
  }
}

async function admit(client: pg.Client, role: string): Promise<void> {
  await client.query(
    `grant usage on schema ${bus} to ${role}; grant execute on all functions in schema ${bus} to ${role}`,
  );
}

async function writeTopic(client: pg.Client, topic: TopicDefinition, prefix: string | undefined): Promise<void> {
  const { rows } = await client.query<{ partitions: number }>(
    `insert into ${bus}.topics (name, partitions, owner_role, retention_hours, cleanup) values ($1, $2, $3, $4, $5)
     on conflict (name) do update set owner_role = excluded.owner_role, retention_hours = excluded.retention_hours, cleanup = excluded.cleanup
     returning partitions`,
    [topic.name, topic.partitions, serviceRoles(topic.owner, prefix).app, topic.retentionHours, topic.cleanup],
  );
  if (rows[0]?.partitions !== topic.partitions) {
    throw new EventConfigurationError(
      `${topic.name} has ${rows[0]?.partitions} partitions; make a new topic for ${topic.partitions}`,
    );
  }
  await client.query(
    `insert into ${bus}.partitions (topic, part) select $1, generate_series(0, $2::integer - 1) on conflict do nothing`,
    [topic.name, topic.partitions],
  );
  const groups = topic.readers.map(groupOf);
  const roles = topic.readers.map((consumer) => serviceRoles(consumer.slice(0, consumer.indexOf('.')), prefix).app);
  await client.query(
    `with wanted as (select * from unnest($2::text[], $3::name[]) as w ("group", role)),
     gone as (delete from ${bus}.readers r where r.topic = $1 and not exists (select from wanted w where w."group" = r."group" and w.role = r.role))
     insert into ${bus}.readers ("group", topic, role) select w."group", $1, w.role from wanted w on conflict do nothing`,
    [topic.name, groups, roles],
  );
}
