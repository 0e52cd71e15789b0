import { randomUUID } from 'node:crypto';
import type { Arrangement } from '../../src/hostile/target.ts';
import pg from 'pg';
import type { Tenant } from './people.ts';
import type { Platform } from './platform.ts';

/** The routes for operators that every service has. They need events that wait or failed, which nobody can order over HTTP. */
export function opsArrangements(platform: Platform, tenant: Tenant): Record<string, Arrangement> {
  return Object.assign({}, ...platform.targets.map(({ name }) => arrangementsOf(platform, tenant, name)));
}

function arrangementsOf(platform: Platform, tenant: Tenant, service: string): Record<string, Arrangement> {
  const name = service.replaceAll(/(?:^|-)([a-z])/g, (_match, letter: string) => letter.toUpperCase());
  const letter = async () => ({ path: { id: await insertLetter(platform, tenant, service) } });
  let open: ReturnType<typeof letter> | undefined;
  const kept = () => (open ??= letter());
  const { consumers, rebuildable, topics } = platform.operable(service);
  const byPlatform = { as: 'operator', platform: true } as const;
  const held = { ...byPlatform, request: () => ({ path: { name: consumers[0] ?? '' } }) };
  return {
    [`get${name}DeadLetter`]: { request: kept },
    // Nobody handles it: it is open afterwards as before.
    [`redrive${name}DeadLetter`]: { request: kept, storesNothing: true },
    [`discard${name}DeadLetter`]: {
      request: async () => ({ ...(await letter()), body: { reason: `because of ${tenant.canary}` } }),
    },
    [`redrive${name}DeadLetters`]: {
      request: () => ({ body: { filter: { consumer: `${service}.none` }, ratePerSecond: 500, dryRun: true } }),
      storesNothing: true,
    },
    [`retry${name}ParkedEvents`]: {
      request: async () => ({ body: await insertParked(platform, tenant, service) }),
      misses: { consumer: 404, key: 404 },
    },
    [`pause${name}Consumer`]: held,
    [`resume${name}Consumer`]: held,
    [`rebuild${name}Consumer`]: {
      ...byPlatform,
      request: () => ({ path: { name: rebuildable[0] ?? '' }, body: { tenantId: tenant.id } }),
      storesNothing: true,
    },
    [`emit${name}Snapshots`]: {
      request: () => ({ body: { topic: topics[0] } }),
      misses: { topic: 422 },
      storesNothing: true,
    },
    [`get${name}Outbox`]: byPlatform,
    ...jobArrangements(platform, tenant, service, name),
  };
}

function jobArrangements(
  platform: Platform,
  tenant: Tenant,
  service: string,
  name: string,
): Record<string, Arrangement> {
  const job = (state: 'dead' | 'scheduled') => async () => ({
    path: { id: await insertJob(platform, tenant, service, state) },
  });
  let dead: Promise<{ path: { id: string } }> | undefined;
  // Every service has this one; it belongs to the platform tenant.
  const schedule: Arrangement = { as: 'operator', platform: true, request: () => ({ path: { name: 'ops-purge' } }) };
  return {
    [`get${name}Job`]: { request: () => (dead ??= job('dead')()) },
    [`retry${name}Job`]: { request: job('dead') },
    [`retry${name}Jobs`]: { storesNothing: true },
    [`discard${name}Job`]: { request: job('dead') },
    [`cancel${name}Job`]: { request: job('scheduled') },
    [`run${name}Schedule`]: schedule,
    [`pause${name}Schedule`]: schedule,
    [`resume${name}Schedule`]: schedule,
  };
}

/** A consumer that no service has: nothing becomes of these rows by itself. */
const nobody = (service: string): string => `${service}.none`;

async function insertLetter(platform: Platform, { id: tenantId, canary }: Tenant, service: string): Promise<string> {
  const id = randomUUID();
  await platform.sql(
    `insert into ${schemaOf(service)}.dead_letters (tenant_id, id, consumer, topic, part, "offset", type, key, sequence, event_id,
         headers, payload, payload_bytes, error_code, message, fingerprint, attempts, first_at)
       values ($1, $2, $3, 'idp.test.thing.v1', 0, 1, 'idp.test.v1.Thing', $4, 1, $5, $6, $7, 3, 'HANDLER_FAILED', $8,
         '0123456789abcdef', 1, now())`,
    [
      tenantId,
      id,
      nobody(service),
      `${tenantId}:${randomUUID()}`,
      randomUUID(),
      '{"ce_specversion":"1.0"}',
      Buffer.from('abc'),
      `no ${canary}`,
    ],
  );
  return id;
}

/** In a queue that no service has. */
async function insertJob(
  platform: Platform,
  { id: tenantId, canary }: Tenant,
  service: string,
  state: 'dead' | 'scheduled',
): Promise<string> {
  const id = randomUUID();
  await platform.sql(
    `insert into ${schemaOf(service)}.jobs (tenant_id, id, queue, state, run_at, payload, last_error, dead_at)
     values ($1, $2, 'none', $3, now() + interval '1 day', $4, $5, case when $3 = 'dead' then now() end)`,
    [tenantId, id, state, JSON.stringify({ text: canary }), `no ${canary}`],
  );
  return id;
}

async function insertParked(
  platform: Platform,
  { id: tenantId }: Tenant,
  service: string,
): Promise<{ consumer: string; key: string }> {
  const place = { consumer: nobody(service), key: `${tenantId}:${randomUUID()}` };
  await platform.sql(
    `insert into ${schemaOf(service)}.parked_events (tenant_id, consumer, key, event_id, sequence, topic, part, "offset", headers,
         payload, next_at, last_code, last_error)
       values ($1, $2, $3, $4, 1, 'idp.test.thing.v1', 0, 1, '{}', null, 'infinity', 'WAITS', 'waits')`,
    [tenantId, place.consumer, place.key, randomUUID()],
  );
  return place;
}

const schemaOf = (service: string): string => pg.escapeIdentifier(service.replaceAll('-', '_'));
