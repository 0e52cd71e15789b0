import { name, timestamp } from '@idp/service';
import { z } from 'zod';

export const tenantsPath = '/api/v1/auth/tenants';
export const tenantPath = `${tenantsPath}/:id`;
export const tags = ['tenants'];

export const tenantStatus = z.enum(['active', 'suspended', 'deleting', 'purging', 'deleted']);
export const tier = z.enum(['free', 'standard', 'enterprise']);
export const region = name({ max: 63 }).meta({ examples: ['eu-central'] });

export const tenantView = z.object({
  id: z.uuid(),
  slug: z.string().meta({ examples: ['acme'] }),
  name: z.string(),
  status: tenantStatus,
  tier: z.string(),
  region: z.string().nullable(),
  deleteAfter: timestamp().nullable().meta({ description: 'When the data of a closed tenant is erased' }),
  version: z.int(),
  createdAt: timestamp(),
  updatedAt: timestamp(),
});
