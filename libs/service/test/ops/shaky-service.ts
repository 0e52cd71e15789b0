import { sql } from 'kysely';
import { expect, vi } from 'vitest';
import { z } from 'zod';
import type { Tx } from '@idp/database';
import { defineConsumer, type ConsumedEvent, type KafkaSettings, type Ordering } from '@idp/events';
import { startTestService, type TestService } from '@idp/testing';
import { defineService } from '../../src/index.ts';

export type TenantEvent = ConsumedEvent<'idp.auth.v1.TenantCreated'>;

/** What a test may change while the service runs. */
export interface Script {
  /** Called for every event before its effect; throws what the handler shall throw. */
  handle(event: TenantEvent): void | Promise<void>;
}

export interface Shaky extends TestService {
  script: Script;
  /** One event of the aggregate in this version; resolves when the service has dealt with it. */
  send(tenantId: string, aggregateId: string, version: number): Promise<void>;
  /** Version 1 of many aggregates, in few transactions. */
  sendMany(tenantId: string, aggregateIds: readonly string[]): Promise<void>;
  /** Resolves when no job runs or is due any more. */
  jobsDrained(timeoutMs?: number): Promise<void>;
  /** What was applied in a tenant, in order: `<aggregate>@<version>`. */
  effects(tenantId: string): Promise<string[]>;
}

export interface ShakyOptions {
  /** Default `key`. */
  ordering?: Ordering;
  /** Brokers of its own; default the PostgreSQL bus. */
  kafka?: KafkaSettings;
}

/** A service with one consumer that does what the test says. It has a name whose topics and readers exist. */
export async function startShaky({ ordering = 'key', kafka }: ShakyOptions = {}): Promise<Shaky> {
  const script: Script = { handle: () => undefined };
  const service = defineService({
    name: 'catalog',
    description: 'A service whose consumer fails when the test says so',
    config: z.object({}),
    migrations: new URL('./migrations/', import.meta.url),
    permissions: {},
    createContext: () => ({}),
    routes: () => [],
    consumers: () => [
      defineConsumer<'idp.auth.v1.TenantCreated', never>({
        name: 'catalog.tenants',
        types: ['idp.auth.v1.TenantCreated'],
        ordering,
        async handle(tx, event) {
          await recordEffect(tx, event);
          await script.handle(event);
        },
      }),
    ],
  });
  const running = await startTestService({ service, ...(kafka !== undefined && { kafka }) });
  return Object.assign(running, {
    script,
    async send(tenantId: string, aggregateId: string, version: number) {
      const data = { slug: `${aggregateId}-${version}`, name: aggregateId };
      await running.emit('auth', tenantId, { type: 'idp.auth.v1.TenantCreated', aggregateId, version, data });
    },
    async sendMany(tenantId: string, aggregateIds: readonly string[]) {
      const events = aggregateIds.map((aggregateId) => ({
        type: 'idp.auth.v1.TenantCreated' as const,
        aggregateId,
        version: 1,
        data: { slug: aggregateId, name: aggregateId },
      }));
      await running.emitMany('auth', tenantId, events);
    },
    async jobsDrained(timeoutMs = 20_000) {
      await vi.waitFor(async () => expect(await running.running.jobs.drained()).toBe(true), {
        timeout: timeoutMs,
        interval: 20,
      });
    },
    async effects(tenantId: string) {
      const { rows } = await running.running.database
        .tenant(tenantId)
        .read((tx) => sql<{ effect: string }>`select effect from effects order by no`.execute(tx.db));
      return rows.map((row) => row.effect);
    },
  });
}

async function recordEffect(tx: Tx<never>, event: TenantEvent): Promise<void> {
  const effect = `${event.aggregateId}@${event.version}`;
  await sql`insert into effects (event_id, effect) values (${event.id}, ${effect})`.execute(tx.db);
}
