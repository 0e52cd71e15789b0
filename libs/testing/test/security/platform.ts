import type { AnyService, RunningService } from '@idp/service';
import { startTestFleet } from '../../src/index.ts';
import type { TestDatabase, TestFleet } from '../../src/index.ts';
import type { OpenApiDocument } from '../../src/hostile/openapi/document.ts';
import type { Target } from '../../src/hostile/target.ts';
import { authOperations } from './services.ts';
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
  /** Resolves when every event has been handled. */
  drain(): Promise<void>;
}

/** Text that stands in the names and descriptions of one tenant and is never sent by another. */
export function canaryOf(slug: string): string {
  return `cnry-of-${slug}`;
}

export async function startPlatform(services: readonly AnyService[]): Promise<Platform> {
  const { createTenant, registerMember } = await authOperations();
  const sources = await startSources();
  const fleet = await startTestFleet({
    services,
    egressAllow: ['127.0.0.1@fetch'],
    env: { HASH_QUEUE: '1000' },
    people: ({ context }) => ({
      createTenant: (tenant) => createTenant(context, { ...tenant, name: `${tenant.name} ${canaryOf(tenant.slug)}` }),
      registerMember: (member) => registerMember(context, member),
    }),
  });
  return {
    fleet,
    database: fleet.database,
    targets: await Promise.all(fleet.services.map((service) => targetOf(fleet, service))),
    sources,
    logs: () => fleet.logs(),
    drain: () => fleet.drain(),
    async [Symbol.asyncDispose]() {
      await fleet[Symbol.asyncDispose]();
      await sources[Symbol.asyncDispose]();
    },
  };
}

async function targetOf(fleet: TestFleet, service: RunningService): Promise<Target> {
  return {
    name: service.name,
    baseUrl: fleet.baseUrl(service.name),
    document: (await service.openapi()) as OpenApiDocument,
    ready: () => Promise.resolve(service.health().ready),
  };
}
