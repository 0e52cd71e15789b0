import { z } from 'zod';

const origin = z
  .string()
  .max(300)
  .refine((text) => {
    const url = URL.parse(text);
    return url !== null && /^https?:$/.test(url.protocol) && url.origin === text;
  }, 'must be an origin like https://portal.example.com');
const domain = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'must be a domain in lower case');

/** Settings of a tenant; what is left out has its default. */
export const tenantConfig = z.strictObject({
  mfa: z.enum(['optional', 'admins', 'all']).optional().meta({ description: 'Who needs a second factor' }),
  sso: z.strictObject({ enforced: z.boolean().optional() }).optional(),
  session: z
    .strictObject({
      idleSeconds: z.int().min(300).max(7_776_000).optional(),
      maxSeconds: z.int().min(300).max(31_622_400).optional(),
    })
    .optional()
    .meta({ description: 'Limits of sessions, where stricter than those of the platform' }),
  signupDomains: z.array(domain).max(100).optional(),
  origins: z.array(origin).max(100).optional().meta({ description: 'Pages that may call with cookies' }),
  egressAllow: z.array(z.string().min(1).max(300)).max(100).optional(),
  ratePlan: z.enum(['free', 'standard', 'enterprise']).optional(),
});
export type TenantConfig = z.output<typeof tenantConfig>;

/** `patch` laid over `target` as RFC 7396 says: null takes a member away, objects are merged, everything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
