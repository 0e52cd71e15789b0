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
  rateSettings(): object;
  createRateLimits(parts: { limiter: object; settings: () => object; planOf: () => undefined }): object;
  createLimiter(parts: { store: object; metrics: object }): object;
  createMemoryLimits(): object;
}

/** `clock` is the time the services see. With `limited` it refuses whoever asks too often, as gateways do; the suites ask more often. */
export async function startGatewayOf(
  { fleet }: Platform,
  clock: () => Date,
  { limited = false }: { limited?: boolean } = {},
): Promise<GatewayInFront> {
  const { startGateway, fleetDocuments, createRateLimits, rateSettings, createLimiter, createMemoryLimits } =
    await gatewayModules();
  const documents = fleetDocuments(() => fleet.services);
  const { publicUrl, ports } = fleet;
  const { metrics } = fleet.services[0]!.telemetry;
  const settings = rateSettings();
  const started = await startGateway({
    upstreams: Object.fromEntries(fleet.services.map(({ name, app }) => [name, app.routing.bind(app)])),
    verifier: createCredentialVerifier({ issuer: publicUrl, audience: `${publicUrl}/api`, ports, clock }),
    edgeOptions: { documents },
    publicUrl,
    ...(limited && {
      limits: createRateLimits({
        limiter: createLimiter({ store: createMemoryLimits(), metrics }),
        settings: () => settings,
        planOf: () => undefined,
      }),
    }),
  });
  return {
    target: {
      name: limited ? 'limited gateway' : 'gateway',
      limited,
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
  const places = [
    'test/start-gateway.ts',
    'embedded/host/documents.ts',
    'limits/rate-limits.ts',
    'limits/rate-settings.ts',
  ];
  const modules = await Promise.all([...places, '../libs/cache/src/index.ts'].map(load));
  return Object.assign({}, ...modules) as GatewayModules;
}

const folder = new URL('../../../../gateway/', import.meta.url);
