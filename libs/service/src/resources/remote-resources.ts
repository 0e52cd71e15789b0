import type { AccessResource } from '@idp/auth';
import type { ServiceClient } from '@idp/clients';
import { UpstreamError } from '@idp/errors';
import { z } from 'zod';
import type { ResourceSource } from './resource-source.ts';
import { ownersOnWire, resourceOnWire } from './routes.ts';

const described = z.object({ data: z.object({ resources: z.array(resourceOnWire.nullable()) }) });
const owned = z.object({ data: ownersOnWire });

/** The objects of a service in another process. */
export function remoteResources(service: string, client: ServiceClient): ResourceSource {
  async function ask<T>(path: string, body: object, shape: z.ZodType<T>): Promise<T> {
    const answer = await client.call({ method: 'POST', path: `/internal/v1/authz/${path}`, body, isIdempotent: true });
    const parsed = answer.status === 200 ? shape.safeParse(answer.body) : undefined;
    if (parsed?.success === true) return parsed.data;
    throw new UpstreamError(`${service} answered ${answer.status} in another form`, { cause: parsed?.error });
  }
  return {
    async describe({ tenantId, type, refs }) {
      const { resources } = (await ask('resources', { tenantId, type, refs }, described)).data;
      return resources.map((resource) => (resource ?? undefined) as AccessResource | undefined);
    },
    owners: async ({ tenantId, type, teamIds }) =>
      (await ask('owners', { tenantId, type, teamIds }, owned)).data.owners,
  };
}
