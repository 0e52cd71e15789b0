import { createCredentialVerifier } from '@idp/auth';
import { startGateway } from '../../start-gateway.ts';
import { createIssuer, publicUrl } from './issuer.ts';
import { suiteRoutes } from './routes.ts';
import { createServices } from './services.ts';
import type { Target } from './target.ts';

/** The gateway of `npm start`, with the services in its own process. */
export async function startEmbeddedTarget(): Promise<Target> {
  const issuer = await createIssuer();
  const { seen, services } = createServices(issuer);
  const ports = {
    jwks: issuer,
    // Only services decide.
    access: undefined as never,
    apiKeys: { verify: () => Promise.resolve(undefined), report: () => Promise.resolve() },
  };
  const gateway = await startGateway({
    routes: suiteRoutes,
    upstreams: services,
    verifier: createCredentialVerifier({ issuer: publicUrl, audience: `${publicUrl}/api`, ports }),
  });
  return {
    name: 'embedded',
    capabilities: new Set(),
    port: gateway.port,
    issuer,
    seen,
    log: gateway.log,
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}
