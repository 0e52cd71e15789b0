import { createCredentialVerifier } from '@idp/auth';
import type { RunningService } from '@idp/service';
import type { OpenApiDocument } from '../../src/hostile/openapi/document.ts';
import type { Target } from '../../src/hostile/target.ts';
import type { Platform } from './platform.ts';

/** The real gateway in front of a platform of the suites. */
export interface GatewayInFront extends AsyncDisposable {
  target: Target;
}

/** What the suites use of the gateway, which stands above this library. */
interface GatewayModules {
  startGateway(options: object): Promise<{ url: string } & AsyncDisposable>;
  fleetDocuments(services: () => readonly RunningService[]): { merged(): Promise<OpenApiDocument> };
}

/** `clock` is the time the services see. */
export async function startGatewayOf({ fleet }: Platform, clock: () => Date): Promise<GatewayInFront> {
  const { startGateway, fleetDocuments } = await gatewayModules();
  const documents = fleetDocuments(() => fleet.services);
  const { publicUrl, ports } = fleet;
  const started = await startGateway({
    upstreams: Object.fromEntries(fleet.services.map(({ name, app }) => [name, app.routing.bind(app)])),
    verifier: createCredentialVerifier({ issuer: publicUrl, audience: `${publicUrl}/api`, ports, clock }),
    edgeOptions: { documents },
    publicUrl,
  });
  return {
    target: {
      name: 'gateway',
      baseUrl: started.url,
      document: await documents.merged(),
      gateway: true,
      ready: async () => (await fetch(`${started.url}/api/v1/health`)).ok,
    },
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  };
}

async function gatewayModules(): Promise<GatewayModules> {
  const load = async (path: string) => (await import(new URL(path, folder).href)) as object;
  return { ...(await load('test/start-gateway.ts')), ...(await load('embedded/host/documents.ts')) } as GatewayModules;
}

const folder = new URL('../../../../gateway/', import.meta.url);
