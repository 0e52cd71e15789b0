import { isIP } from 'node:net';
import type { ApiKeyRatePolicy, Principal } from '@idp/auth';
import { defineRatePolicy, type RateCharge } from '@idp/cache';
import { clientNetworkOf } from '@idp/service';
import type { LimitPolicy, RateSettings } from './rate-settings.ts';
import { classTable, type ClassRule, type RateClass, type RatePolicyName } from './rate-table.ts';

/** Whose credential a request carries, as limits count it. */
export interface RatedCaller {
  tenantId: string;
  /** User or service account; for a key its owner. */
  subject: string;
  key?: { id: string; ratePolicy?: ApiKeyRatePolicy | undefined } | undefined;
}

export interface RatedRequest {
  rateClass: RateClass;
  /** Id of the route. */
  route: string;
  /** Address of the client. */
  address: string;
  /** Undefined without a credential. */
  caller?: RatedCaller | undefined;
}

/** Plan of a tenant; undefined for none and for a tenant that is not known. */
export type PlanOf = (tenantId: string) => string | undefined;

/** What one request is charged to. */
export interface RequestCharges {
  /** Keeps the keys of one request together in the store. */
  tag: string;
  enforced: RateCharge[];
  /** Of policies in shadow. */
  observed: RateCharge[];
}

/** A verified caller as limits count it. */
export function ratedCaller({ tenantId, id, keyId, ratePolicy }: Principal): RatedCaller {
  return { tenantId, subject: id, key: keyId === undefined ? undefined : { id: keyId, ratePolicy } };
}

/** The charges of a request; undefined where nothing is counted. */
export function chargesOf(settings: RateSettings, planOf: PlanOf, request: RatedRequest): RequestCharges | undefined {
  const rule: ClassRule = classTable[request.rateClass];
  if (rule.free === true) return undefined;
  const { caller } = request;
  const network = isIP(request.address) === 0 ? 'unknown' : clientNetworkOf(request.address).address;
  if (caller === undefined) {
    const policy = settings.policies[rule.fence ?? 'anonymous'];
    const key = policy.name === 'webhook' ? `${network}|${request.route}` : network;
    return sorted(network.replace('/64', ''), [{ policy, key }]);
  }
  return sorted(caller.tenantId, callerCharges(settings, planOf, rule, caller));
}

/** Charges by which a caller is shown all limits that concern it. */
export function shownCharges(settings: RateSettings, planOf: PlanOf, caller: RatedCaller): RequestCharges {
  const charges = callerCharges(settings, planOf, classTable.ai, caller);
  if (caller.key !== undefined) charges.push({ policy: settings.policies.ingest, key: caller.key.id });
  return sorted(caller.tenantId, charges);
}

type Charged = RateCharge & { policy: LimitPolicy };

function callerCharges(
  { policies, tenantPolicy }: RateSettings,
  planOf: PlanOf,
  rule: ClassRule,
  { tenantId, subject, key }: RatedCaller,
): Charged[] {
  const { cost = 1 } = rule;
  const own = key === undefined ? policies.user : keyPolicy(policies, rule, key.ratePolicy);
  return [
    // A key may have a burst of its own that is smaller than what a class costs: it gives all of it then.
    { policy: own, key: key?.id ?? subject, cost: Math.min(cost, own.burst) },
    { policy: tenantPolicy(tenantId, planOf(tenantId)), key: tenantId, cost },
    ...(rule.besides === undefined ? [] : [{ policy: policies[rule.besides], key: subject }]),
  ];
}

function keyPolicy(
  policies: Readonly<Record<RatePolicyName, LimitPolicy>>,
  rule: ClassRule,
  own: ApiKeyRatePolicy | undefined,
): LimitPolicy {
  if (own === undefined) return policies[rule.key ?? 'api-key'];
  return { ...defineRatePolicy({ name: 'api-key', ...own }), shadow: policies['api-key'].shadow };
}

function sorted(tag: string, charges: readonly Charged[]): RequestCharges {
  return {
    tag,
    enforced: charges.filter(({ policy }) => !policy.shadow),
    observed: charges.filter(({ policy }) => policy.shadow),
  };
}
