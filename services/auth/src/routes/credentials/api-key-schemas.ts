import { isIP } from 'node:net';
import { name, timestamp } from '@idp/service';
import { z } from 'zod';
import { apiKeyScope } from '../../domain/api-key-scope.ts';
import type { ApiKeyRow } from '../../store/credentials/api-keys.ts';

const scopes = z
  .array(z.string().max(200).regex(apiKeyScope, 'must be a permission, or its beginning up to a final *'))
  .max(100)
  .meta({
    description: 'What the key may at most do; none: only what any caller may',
    examples: [['catalog:entity:*']],
  });

const ipAllow = z
  .array(z.string().max(50).refine(isAddressOrRange, 'must be an IP address or a CIDR range'))
  .max(100)
  .meta({ description: 'Addresses and ranges the key may be used from; none: any', examples: [['192.0.2.0/24']] });

const ratePolicy = z.strictObject({
  limit: z.int().min(1).max(1_000_000),
  periodSeconds: z.int().min(1).max(86_400),
  burst: z.int().min(1).max(1_000_000),
});
const daysMax = 365;
const newRatePolicy = ratePolicy.refine(
  ({ limit, periodSeconds, burst }) => (burst * periodSeconds) / limit <= daysMax * 86_400,
  `a burst must come back within ${daysMax} days`,
);

export const newApiKey = z.strictObject({
  name: name({ max: 100 }),
  scopes,
  expiresAt: timestamp().meta({ description: 'At most 366 days away' }),
  ipAllow: ipAllow.default([]),
  ratePolicy: newRatePolicy.optional().meta({ description: 'Takes the place of the common limit for keys' }),
});

export const apiKeyChange = z.strictObject({
  name: name({ max: 100 }).optional(),
  scopes: scopes.optional().meta({ description: 'Narrower than before; wider needs a new key' }),
  ipAllow: ipAllow.optional(),
});

export const rotation = z.strictObject({
  overlapSeconds: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(0)
    .meta({ description: 'How long the secret so far is accepted beside the new one' }),
});

const time = z.string().nullable().meta({ format: 'date-time' });

export const apiKey = z.object({
  id: z.uuid(),
  name: z.string(),
  secretStart: z.string().meta({ description: 'First characters of the secret', examples: ['4fGh'] }),
  owner: z.object({ type: z.enum(['user', 'service-account']), id: z.uuid() }),
  scopes: z.array(z.string()),
  ipAllow: z.array(z.string()),
  ratePolicy: ratePolicy.nullable(),
  expiresAt: z.string().meta({ format: 'date-time' }),
  lastUsedAt: time,
  lastUsedIp: z.string().nullable(),
  previousSecret: z
    .object({ secretStart: z.string().nullable(), acceptedUntil: time, lastUsedAt: time })
    .nullable()
    .meta({ description: 'The secret before the last rotation' }),
  createdAt: z.string().meta({ format: 'date-time' }),
  createdBy: z.string(),
});

export const apiKeyWithSecret = apiKey.extend({
  key: z.string().meta({ description: 'The key itself; it is never shown again' }),
});

export function apiKeyView(row: ApiKeyRow): z.input<typeof apiKey> {
  return {
    id: row.id,
    name: row.name,
    secretStart: row.secret_start,
    owner: { type: row.owner_type, id: row.owner_id },
    scopes: row.scopes,
    ipAllow: row.ip_allow,
    ratePolicy: row.rate_policy,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    lastUsedIp: row.last_used_ip,
    previousSecret:
      row.overlap_until === null
        ? null
        : {
            secretStart: row.overlap_start,
            acceptedUntil: row.overlap_until,
            lastUsedAt: row.overlap_last_used_at,
          },
    createdAt: row.created_at,
    createdBy: row.created_by,
  };
}

function isAddressOrRange(text: string): boolean {
  const [address = '', bits, more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more !== undefined || address.includes('%')) return false;
  return bits === undefined || (/^(0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32));
}
