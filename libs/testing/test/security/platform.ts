import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { canonicalJson, digestOf } from '@idp/auth';
import { platformTenantId, topics } from '@idp/contracts';
import type { AnyService, RunningService } from '@idp/service';
import { startTestFleet } from '../../src/index.ts';
import type { TestDatabase, TestFleet, TestFleetOptions, TestPrincipal } from '../../src/index.ts';
import type { OpenApiDocument } from '../../src/hostile/openapi/document.ts';
import type { Target } from '../../src/hostile/target.ts';
import { authOperations, type AuthOperations } from './services.ts';
import { startSources } from './sources.ts';
import type { Sources } from './sources.ts';

/** Services on sockets of their own, on one database, with everything they log. */
export interface Platform extends AsyncDisposable {
  fleet: TestFleet;
  database: TestDatabase;
  targets: readonly Target[];
  /** Where typed addresses of the tests lead. */
  sources: Sources;
  logs(): string;
  /** What operators of a service may name: its consumers, those that can be rebuilt, topics whose state it emits again. */
  operable(service: string): Record<'consumers' | 'rebuildable' | 'topics', readonly string[]>;
  /** A statement as the administrator of the database. */
  sql(text: string, values: unknown[]): Promise<unknown>;
  /** Somebody who looks after the platform, in the platform tenant. */
  operator(): Promise<TestPrincipal>;
  /** Resolves when every event has been handled. */
  drain(): Promise<void>;
}

/** Text that stands in the names and descriptions of one tenant and is never sent by another. */
export function canaryOf(slug: string): string {
  return `cnry-of-${slug}`;
}

/** `clock` is the time the services see. */
export async function startPlatform(
  services: readonly AnyService[],
  { env, ...options }: Pick<TestFleetOptions, 'clock' | 'env' | 'publicUrl' | 'shared'> = {},
): Promise<Platform> {
  const operations = await authOperations();
  const { createTenant, registerMember } = operations;
  const sources = await startSources();
  const fleet = await startTestFleet({
    services,
    egressAllow: ['127.0.0.1@fetch'],
    env: { HASH_QUEUE: '1000', ...env },
    // The suites sign in more often than anybody does.
    rateLimits: false,
    ...options,
    people: ({ context }) => ({
      createTenant: (tenant) => createTenant(context, { ...tenant, name: `${tenant.name} ${canaryOf(tenant.slug)}` }),
      registerMember: (member) => registerMember(context, member),
    }),
  });
  await declareForOthers(fleet, operations);
  const admin = new pg.Pool({ connectionString: fleet.database.adminUrl, max: 2 });
  admin.on('error', () => undefined);
  const operable: Platform['operable'] = (service) => {
    const { definition, context, events } = fleet.services.find(({ name }) => name === service)!;
    const { names: consumers, rebuildable } = events.consumers;
    return { consumers, rebuildable, topics: Object.keys(definition.snapshots?.(context) ?? {}) };
  };
  let operator: Promise<TestPrincipal> | undefined;
  return {
    fleet,
    database: fleet.database,
    targets: await Promise.all(fleet.services.map((service) => targetOf(fleet, service))),
    sources,
    logs: () => fleet.logs(),
    operable,
    sql: (text, values) => admin.query(text, values),
    operator: () => (operator ??= makeOperator(fleet, registerMember)),
    async drain() {
      // The suites hold consumers as they do everything else.
      for (const { events } of fleet.services) {
        for (const { name, paused } of await events.consumers.list()) {
          if (paused) await events.consumers.setPaused(name, false, 'user:test');
        }
      }
      await fleet.drain();
    },
    async [Symbol.asyncDispose]() {
      await admin.end();
      await fleet[Symbol.asyncDispose]();
      await sources[Symbol.asyncDispose]();
    },
  };
}

async function makeOperator(
  fleet: TestFleet,
  registerMember: AuthOperations['registerMember'],
): Promise<TestPrincipal> {
  const email = 'operator@platform.example.com';
  const password = randomBytes(18).toString('base64url');
  const account = { tenantId: platformTenantId, email, name: 'Operator', password, role: 'platform-admin' };
  const auth = fleet.services.find(({ name }) => name === 'auth');
  const { userId } = await registerMember(auth?.context, account);
  const body = { email, password, tenant: 'platform' };
  const answer = await fleet.request('auth', { method: 'POST', url: '/api/v1/auth/login', body });
  const { accessToken: token } = answer.json<{ data: { accessToken: string } }>().data;
  return { id: userId, email, password, token, headers: { authorization: `Bearer ${token}` } };
}

async function targetOf(fleet: TestFleet, service: RunningService): Promise<Target> {
  return {
    name: service.name,
    baseUrl: fleet.baseUrl(service.name),
    document: (await service.openapi()) as OpenApiDocument,
    ready: () => Promise.resolve(service.health().ready),
  };
}

/** Services made for the suites have no topics to be heard on. */
async function declareForOthers(fleet: TestFleet, { declareManifest }: AuthOperations): Promise<void> {
  const isHeard = (service: string): boolean =>
    Object.values(topics).some(({ name }) => name === `idp.${service}.permissions.v1`);
  const auth = fleet.services.find(({ ports }) => ports !== undefined);
  const others = fleet.services.filter(({ name, ports }) => ports === undefined && !isHeard(name));
  for (const { name: service, definition } of others) {
    const declared = { manifest: definition.permissions, calls: definition.calls ?? {} };
    const hash = digestOf(canonicalJson(declared.manifest));
    await auth!.database
      .tenant(platformTenantId)
      .write((tx) => declareManifest(tx, auth!.context, { service, hash, ...declared }), {
        global: true,
        unaudited: 'what a service of the suites declares',
      });
  }
}
