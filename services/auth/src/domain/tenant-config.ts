import { z } from 'zod';

const origin = z
  .string()
  .max(300)
  .refine((text) => {
    const url = URL.parse(text);
    return url !== null && /^https?:$/.test(url.protocol) && url.origin === text;
  }, 'must be an origin like https://portal.example.com');
/** As an operator lists what may be reached: `<cidr or host>[:port or from-to][@class]`. */
const egressEntry = z
  .string()
  .max(300)
  .regex(
    /^(\[[0-9a-f:.]+(\/\d{1,3})?\]|[0-9a-f:.]+(\/\d{1,3})?|[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?)(:\d{1,5}(-\d{1,5})?)?(@[a-z]+)?$/i,
    'must be like git.example.com:443 or 10.1.0.0/16',
  );
const domain = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'must be a domain in lower case');

/** Settings of a tenant; what is left out has its default. */
export const tenantConfig = z.strictObject({
  mfa: z
    .enum(['optional', 'admins', 'all'])
    .optional()
    .meta({ description: 'Who is let in with a second factor alone: nobody, administrators of the tenant, everybody' }),
  sso: z
    .strictObject({ enforced: z.boolean().optional() })
    .optional()
    .meta({ description: 'Enforced: nobody is let in by a password' }),
  session: z
    .strictObject({
      idleSeconds: z.int().min(300).max(7_776_000).optional(),
      maxSeconds: z.int().min(300).max(31_622_400).optional(),
    })
    .optional()
    .meta({
      description:
        'Limits of sessions, where stricter than those of the platform: seconds since the last refresh, and since the person proved who it is',
    }),
  signupDomains: z
    .array(domain)
    .max(100)
    .optional()
    .meta({ description: 'Where there are any, only addresses of these domains are invited and join' }),
  origins: z.array(origin).max(100).optional().meta({ description: 'Pages of other origins that may call' }),
  egressAllow: z.array(egressEntry).max(100).optional().meta({
    description: 'Entries within EGRESS_ALLOW that addresses typed in this tenant may use; default all of it',
  }),
  ratePlan: z
    .enum(['free', 'standard', 'enterprise'])
    .optional()
    .meta({ description: 'For the platform to set; decides how much all of the tenant may ask' }),
});
export type TenantConfig = z.output<typeof tenantConfig>;

/** Whether somebody of this address (in normal form) may come into the tenant. */
export function takesAddress({ signupDomains = [] }: TenantConfig, emailNorm: string): boolean {
  return signupDomains.length === 0 || signupDomains.includes(emailNorm.slice(emailNorm.lastIndexOf('@') + 1));
}

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
