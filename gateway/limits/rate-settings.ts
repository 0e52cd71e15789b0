import { defineRatePolicy, type RatePolicy } from '@idp/cache';
import { z } from 'zod';
import {
  classTable,
  ratePolicyNames,
  rateTable,
  tenantPlans,
  type ClassRule,
  type RateNumbers,
  type RatePolicyName,
} from './rate-table.ts';

/** A policy, and whether anybody is held to it. */
export interface LimitPolicy extends RatePolicy {
  /** Computed and counted, never enforced, never shown. */
  readonly shadow: boolean;
}

/** The limits that count now. */
export interface RateSettings {
  policies: Readonly<Record<RatePolicyName, LimitPolicy>>;
  /** The policy `tenant` of one tenant: its own numbers, else those of its plan, else the common ones. */
  tenantPolicy(tenantId: string, plan: string | undefined): LimitPolicy;
}

const numbers = { limit: z.int().min(1), periodSeconds: z.int().min(1), burst: z.int().min(1) };

/** Content of RATE_LIMITS_FILE; what is left out stays as it is in the table. */
const overridesSchema = z.strictObject({
  policies: z
    .partialRecord(z.enum(ratePolicyNames), z.strictObject({ ...numbers, shadow: z.boolean() }).partial())
    .optional(),
  /** The policy `tenant` by tenant id. */
  tenants: z.record(z.string().min(1), z.strictObject(numbers).partial()).optional(),
});

/**
 * The table with an operator's changes (an object as the file holds it). Throws an error that names the entry for what is no such
 * object, and where a class costs more than the burst of a policy it is charged to: such a request could never pass.
 */
export function rateSettings(overrides: unknown = {}): RateSettings {
  const parsed = overridesSchema.safeParse(overrides);
  if (!parsed.success) throw new TypeError(z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, ' '));
  const changed = parsed.data.policies ?? {};
  const policies = Object.fromEntries(
    ratePolicyNames.map((name) => [name, policyOf(name, { ...rateTable[name], ...defined(changed[name]) })]),
  ) as Record<RatePolicyName, LimitPolicy>;
  const { shadow } = policies.tenant;
  const plans = mapValues(tenantPlans, (plan) => policyOf('tenant', { ...plan, shadow }));
  const tenants = mapValues(parsed.data.tenants ?? {}, (own) =>
    policyOf('tenant', { ...policies.tenant, ...defined(own) }),
  );
  requireRoomForCosts(policies, [...plans, ...tenants]);
  return {
    policies,
    tenantPolicy: (tenantId, plan) => tenants.get(tenantId) ?? plans.get(plan ?? '') ?? policies.tenant,
  };
}

function policyOf(name: string, { limit, periodSeconds, burst, shadow = false }: RateNumbers & { shadow?: boolean }) {
  return { ...defineRatePolicy({ name, limit, periodSeconds, burst }), shadow };
}

/** Drift rule D9. */
function requireRoomForCosts(
  policies: RateSettings['policies'],
  tenantPolicies: readonly (readonly [string, LimitPolicy])[],
): void {
  for (const [name, rule] of Object.entries(classTable) as [string, ClassRule][]) {
    const { cost = 1, key = 'api-key' } = rule;
    const charged = [policies.user, policies[key], policies.tenant].map((policy) => [policy.name, policy] as const);
    for (const [where, { burst }] of [
      ...charged,
      ...tenantPolicies.map(([id, policy]) => [`tenant ${id}`, policy] as const),
    ]) {
      if (burst < cost)
        throw new TypeError(`D9: ${where} has a burst of ${burst}, class ${name} costs ${cost}: it could never pass`);
    }
  }
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, make: (value: T) => R): Map<string, R> {
  return new Map(Object.entries(record).map(([key, value]) => [key, make(value)]));
}

/** Members that are there: an absent one must not hide what it changes. */
function defined<T extends object>(value: T | undefined): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, member]) => member !== undefined)) as never;
}
