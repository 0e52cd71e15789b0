import { startGateway } from '../../start-gateway.ts';
import { createChecks } from './checks.ts';
import { createIssuer } from './issuer.ts';
import { suiteRoutes } from './routes.ts';
import { createServices } from './services.ts';
import type { Target } from './target.ts';

/** The gateway of `npm start`, with the services in its own process. */
export async function startEmbeddedTarget(): Promise<Target> {
  const issuer = await createIssuer();
  const { seen, services } = createServices(issuer);
  const { verifier, limits, advance } = createChecks(issuer);
  const gateway = await startGateway({ routes: suiteRoutes, upstreams: services, verifier, limits });
  return {
    name: 'embedded',
    capabilities: new Set(),
    port: gateway.port,
    issuer,
    advance,
    seen,
    log: gateway.log,
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}
