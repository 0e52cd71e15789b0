import { wallReports } from '@idp/database';
import { envelope, timestamp, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { pathOfTenant, readTenant } from './target.ts';
import { tags, tenantPath } from './view.ts';

const report = z.object({
  checkedAt: timestamp(),
  services: z.array(
    z.object({
      service: z.string().meta({ examples: ['catalog'] }),
      passed: z.boolean(),
      findings: z.array(z.object({ rule: z.string(), object: z.string(), message: z.string() })),
      sha256: z.string().meta({ description: 'Of all that was looked at; the same as long as it has not changed' }),
    }),
  ),
});

/** What keeps tenants apart, as the running database has it. */
export function isolationRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    app.get(`${tenantPath}/isolation`, {
      config: { permission: 'auth:tenant:read' },
      schema: {
        operationId: 'getTenantIsolation',
        summary: 'Whether the wall between tenants stands in every service, looked at now',
        tags,
        params: pathOfTenant,
        response: { 200: envelope(report) },
      },
      handler: async (request) => {
        const { id } = await readTenant(ctx, request, request.params.id);
        const reports = await wallReports(ctx.database, id);
        const services = reports.map((found) => ({ ...found, passed: found.findings.length === 0 }));
        return { data: { checkedAt: ctx.clock().toISOString(), services } };
      },
    });
  };
}
