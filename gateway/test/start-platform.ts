import { createCredentialVerifier } from '@idp/auth';
import { createTenant, registerMember, type AuthContext } from '@idp/auth-service';
import { startTestFleet, type People, type TestFleet, type TestFleetOptions } from '@idp/testing';
import type { RunningService } from '@idp/service';
import { createTelemetry } from '@idp/telemetry';
import { sectionsOf } from '../edge/home/sections.ts';
import { embeddedHomeCalls } from '../embedded/host/home-calls.ts';
import { routes } from '../routes.ts';
import { createRouteTable } from '../routing/route-table.ts';
import { fleetDocuments } from '../embedded/host/documents.ts';
import type { Upstream } from '../embedded/pipeline/handler.ts';
import { services } from '../services.ts';
import { startGateway, type StartedGateway } from './start-gateway.ts';

/** Every service of the fleet with the real gateway in front. */
export interface TestPlatform extends AsyncDisposable {
  fleet: TestFleet;
  gateway: StartedGateway;
}

/** Tenants and accounts by the operations of auth; their routes come later. */
export function peopleOf(auth: RunningService): People {
  const ctx = auth.context as AuthContext;
  return {
    createTenant: (tenant) => createTenant(ctx, { ...tenant, reason: 'test' }),
    registerMember: (member) => registerMember(ctx, member),
  };
}

export async function startPlatform(options: Partial<TestFleetOptions> = {}): Promise<TestPlatform> {
  const fleet = await startTestFleet({ services, people: peopleOf, ...options });
  const upstreams = Object.fromEntries(
    fleet.services.map(({ name, app }): [string, Upstream] => [name, (req, res) => app.routing(req, res)]),
  );
  const { publicUrl, ports } = fleet;
  const gateway = await startGateway({
    upstreams,
    verifier: createCredentialVerifier({ issuer: publicUrl, audience: `${publicUrl}/api`, ports }),
    edgeOptions: {
      documents: fleetDocuments(() => fleet.services),
      home: {
        sections: sectionsOf(createRouteTable(routes)),
        call: embeddedHomeCalls(() => fleet.services),
        versionOf: (tenantId) => ports.access.world(tenantId)?.version,
        metrics: createTelemetry({ service: 'gateway', version: 'test', level: 'silent' }).metrics,
      },
    },
  });
  return {
    fleet,
    gateway,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await fleet[Symbol.asyncDispose]();
    },
  };
}
