import { classes } from '../classes.ts';
import type { ClassRules, EgressClass } from '../classes.ts';
import { canonicalAddress, isListableAddress, isPublicAddress } from './address.ts';
import { entriesFor } from './allow.ts';
import type { AllowEntry } from './allow.ts';
import { isPublicName } from './name.ts';
import type { OwnEndpoints } from './own-endpoints.ts';
import { Refusal } from './refusal.ts';
import type { HostResolver } from './resolve.ts';
import { readTarget } from './text.ts';
import type { TypedTarget } from './text.ts';

/** An address that passed all rules, with the only addresses a connection may go to. */
export interface AdmittedTarget extends TypedTarget {
  readonly addresses: readonly string[];
}

/** What a tenant configured: its own allow entries and whether its webhooks may use plain http. */
export interface TenantRules {
  readonly allow: readonly AllowEntry[];
  readonly plainHttp: boolean;
}

export interface GuardDependencies {
  readonly allow: readonly AllowEntry[];
  readonly tenantRules: (tenantId: string) => Promise<TenantRules>;
  readonly own: OwnEndpoints;
  readonly resolver: HostResolver;
}

export interface Guard {
  /** Applies rules 1 to 5 and the class table to a typed address. Throws {@link Refusal}; the signal's reason when aborted. */
  admit(text: string, className: EgressClass, tenantId: string, signal: AbortSignal): Promise<AdmittedTarget>;
}

const answersMax = 16;
const lookupMs = 2_000;

export function createGuard({ allow, tenantRules, own, resolver }: GuardDependencies): Guard {
  return {
    async admit(text, className, tenantId, signal) {
      const rules: ClassRules = classes[className];
      const target = readTarget(text);
      const tenant = await tenantRules(tenantId);
      const lists = listsFor(rules, target.port, allow, tenant.allow);
      const addresses = await addressesOf(target, lists, rules, resolver, signal);
      const opened = addresses.every((address) => holds(lists, target.host, address));
      const reachable = addresses.every((address) => mayReach(address, rules, opened));
      if (!reachable) throw new Refusal(5, 'an address of the host is not public');
      if (await own.includes({ ...target, addresses })) throw new Refusal(5, 'an endpoint of the platform itself');
      checkSchemeAndPort(target, rules, opened, tenant.plainHttp);
      return { ...target, addresses };
    },
  };
}

/** The lists that must all hold a target for it to be opened beyond what is public. */
function listsFor(
  rules: ClassRules,
  port: number,
  operator: readonly AllowEntry[],
  tenant: readonly AllowEntry[],
): readonly (readonly AllowEntry[])[] {
  const operatorEntries = entriesFor(operator, rules.listedAs, port);
  if (rules.privateTargets !== 'operator-and-tenant') return [operatorEntries];
  return [operatorEntries, entriesFor(tenant, rules.listedAs, port)];
}

function holds(lists: readonly (readonly AllowEntry[])[], host: string, address: string): boolean {
  return lists.every((list) => list.some((entry) => entry.namesHost(host) || entry.holdsAddress(address)));
}

function mayReach(address: string, rules: ClassRules, opened: boolean): boolean {
  if (isPublicAddress(address)) return true;
  return opened && rules.privateTargets !== 'never' && isListableAddress(address);
}

/** Rules 3 and 4. A name that the lists spell out is the operator's own: it may be any name, and the system's resolver finds it. */
async function addressesOf(
  target: TypedTarget,
  lists: readonly (readonly AllowEntry[])[],
  rules: ClassRules,
  resolver: HostResolver,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (target.literal) return [canonicalAddress(target.host)];
  const named = lists.every((list) => list.some((entry) => entry.namesHost(target.host)));
  const system = named && rules.privateTargets !== 'never';
  if (!system && !isPublicName(target.host)) throw new Refusal(3, 'not a public host name');
  const addresses = await resolve(target.host, system, resolver, signal);
  if (addresses.length === 0) throw new Refusal(4, 'the name has no address');
  if (addresses.length > answersMax) throw new Refusal(4, `more than ${answersMax} addresses`);
  return addresses.map(canonicalAddress);
}

async function resolve(host: string, system: boolean, resolver: HostResolver, signal: AbortSignal) {
  const limit = AbortSignal.timeout(lookupMs);
  try {
    return await resolver.resolve(host, { signal: AbortSignal.any([signal, limit]), system });
  } catch (cause) {
    signal.throwIfAborted();
    throw new Refusal(4, limit.aborted ? 'the look-up took too long' : 'the name does not resolve', { cause });
  }
}

function checkSchemeAndPort(target: TypedTarget, rules: ClassRules, opened: boolean, tenantPlainHttp: boolean): void {
  if (opened) return;
  const plainHttp = rules.plainHttp === 'always' || (rules.plainHttp === 'setting' && tenantPlainHttp);
  if (!target.secure && !plainHttp) throw new Refusal(1, 'plain http');
  if (rules.ports !== 'any' && !rules.ports.includes(target.port)) throw new Refusal(1, 'port');
}
