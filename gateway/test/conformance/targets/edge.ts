import type { Endpoint } from '../../../generate/envoy/placeholders.ts';
import { startAuthzServer } from '../../../edge/envoy/authz-server.ts';
import { startRateLimitServer } from '../../../edge/envoy/rate-limit-server.ts';
import { createRouteTable } from '../../../routing/route-table.ts';
import type { Checks } from './checks.ts';
import { suiteRoutes } from './routes.ts';

/** The two servers of the edge that Envoy asks; may be disposed of twice. */
export interface SuiteEdge extends AsyncDisposable {
  endpoints: Record<string, Endpoint[]>;
}

export async function startSuiteEdge({ verifier, limits }: Checks): Promise<SuiteEdge> {
  const listen = { host: '127.0.0.1', port: 0 };
  const table = createRouteTable(suiteRoutes);
  const authz = await startAuthzServer({
    ...listen,
    limits,
    verify: (key, ip) => verifier.verify(key, { ip }),
    mountOf(path) {
      const route = table.findRoute(path);
      return route?.backstage === true ? route.path : undefined;
    },
  });
  const rateLimits = await startRateLimitServer({ ...listen, limits, logger: { error: () => undefined } });
  let ended: Promise<unknown> | undefined;
  return {
    endpoints: {
      'edge-authz': [{ host: '127.0.0.1', port: authz.port }],
      'edge-limits': [{ host: '127.0.0.1', port: rateLimits.port }],
    },
    async [Symbol.asyncDispose]() {
      ended ??= Promise.all([authz.close(0), rateLimits.close(0)]);
      await ended;
    },
  };
}
