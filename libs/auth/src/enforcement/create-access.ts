import { PermissionError } from '@idp/errors';
import type { Columns } from '@idp/expressions';
import type { AccessPort } from '../access-port.ts';
import type { AccessResource, PermissionManifest } from '../access.ts';
import { decide, type DecisionReason } from '../decision/decide.ts';
import type { DecisionContext, DecisionPrincipal, DecisionRequest } from '../decision/model.ts';
import { scopesOf } from '../decision/questions/scopes-of.ts';
import { visibility, type RowVisibility } from '../decision/rows/visibility.ts';
import type { World } from '../decision/world.ts';
import type { Principal } from '../principal.ts';
import { createCentralCheck, stale } from './central-check.ts';
import { createFreshness } from './freshness.ts';
import { createImpossibleVersions, requiredVersion, type RequestFacts } from './required-version.ts';

/** Decisions of a service over the compiled snapshot (auth §2B.4). */
export interface Access {
  /** A permission outside the manifest is a bug: it throws. */
  allows(principal: Principal, permission: string, resource?: AccessResource): Promise<boolean>;
  /** 403 `PERMISSION_DENIED`, or `INSUFFICIENT_SCOPE` where only the credential's bounds are in the way. */
  requirePermission(principal: Principal, permission: string, resource?: AccessResource): Promise<void>;
  /** Which rows of a list the principal may see; `columns` maps attributes and scope to columns of the query. */
  visibility(principal: Principal, permission: string, columns: Columns): Promise<RowVisibility>;
  /** What the principal may in one world, to be asked without waiting: in a transaction, of what it has read. */
  rights(principal: Principal, permission: string): Promise<Rights>;
}

/** One permission of one principal in a world that does not change any more. */
export interface Rights {
  /** True where there is anything in the tenant it may do this with, as far as can be said without looking at it. */
  readonly somewhere: boolean;
  allows(resource?: AccessResource): boolean;
  /** As `requirePermission`. */
  require(resource?: AccessResource): void;
}

/** How a decision was made: here, after waiting for a version, or by auth. */
export type DecisionSource = 'local' | 'waited' | 'central';

export interface AccessOptions {
  port: AccessPort;
  manifest: PermissionManifest;
  clock: () => Date;
  /** Of the request that is being answered. */
  request?: () => RequestFacts | undefined;
  /** Of each decision, with the seconds it took: what was waited for is part of it. */
  onDecision?: (reason: DecisionReason, source: DecisionSource, seconds: number) => void;
}

const noRequest: RequestFacts = { mutates: false };

/**
 * Decides by the tenant's world: at the version of the credential and the one the caller has seen, or later. Where that is not
 * here within 250 ms auth decides; 503 `AUTHZ_STALE` where it cannot be asked. The same goes for changes and sensitive
 * permissions while nothing is heard of auth.
 */
export function createAccess(options: AccessOptions): Access {
  const { port, manifest, clock, request = () => undefined, onDecision = () => undefined } = options;
  const freshness = createFreshness(port);
  const check = createCentralCheck(port);
  const impossible = createImpossibleVersions(clock);

  function mustAsk(permission: string, { mutates }: RequestFacts): boolean {
    const entry = Object.hasOwn(manifest, permission) ? manifest[permission] : undefined;
    if (entry === undefined) throw new TypeError(`permission ${permission} is not in the manifest`);
    return port.isStale?.() === true && (mutates || entry.sensitive === true);
  }

  async function reasonFor(
    principal: Principal,
    permission: string,
    resource: AccessResource | undefined,
  ): Promise<DecisionReason> {
    const startedAt = performance.now();
    const facts = request() ?? noRequest;
    const asked: DecisionRequest = {
      principal: askerOf(principal),
      permission,
      context: contextOf(principal, facts, clock()),
      ...(resource !== undefined && { resource }),
    };
    const required = requiredVersion(principal, facts);
    const ask = mustAsk(permission, facts);
    const world = port.world(principal.tenantId);
    if (world !== undefined && world.version >= required && !ask) return settle(world, asked, 'local', startedAt);
    impossible.refuseAgain(principal, facts);
    const later = ask ? undefined : await laterWorld(principal.tenantId, required);
    if (later !== undefined) return settle(later, asked, 'waited', startedAt);
    const decision = await check(asked);
    impossible.refuse(principal, facts, decision.version);
    onDecision(decision.reason, 'central', secondsSince(startedAt));
    return decision.reason;
  }

  function settle(world: World, asked: DecisionRequest, source: DecisionSource, startedAt: number): DecisionReason {
    const { reason } = decide(world, asked, clock().getTime());
    onDecision(reason, source, secondsSince(startedAt));
    return reason;
  }

  /** The world at that version, waited for; an unknown tenant is asked for. Undefined where it is not to be had here. */
  async function laterWorld(tenantId: string, required: number): Promise<World | undefined> {
    if (port.world(tenantId) === undefined) {
      const loaded = await freshness.loaded(tenantId).catch(() => undefined);
      if (loaded !== undefined && loaded.version >= required) return loaded;
    }
    return freshness.worldAt(tenantId, required);
  }

  /** A world that may judge lists and rows, from auth where the one here is too old. */
  async function worldFor(principal: Principal, permission: string): Promise<World> {
    const facts = request() ?? noRequest;
    const { tenantId } = principal;
    const required = requiredVersion(principal, facts);
    const ask = mustAsk(permission, facts);
    const world = port.world(tenantId);
    if (world !== undefined && world.version >= required && !ask) return world;
    impossible.refuseAgain(principal, facts);
    const later = ask ? undefined : await laterWorld(tenantId, required);
    if (later !== undefined) return later;
    const loaded = await freshness.loaded(tenantId).catch((cause: unknown) => {
      throw stale(cause);
    });
    if (loaded === undefined) throw stale();
    impossible.refuse(principal, facts, loaded.version);
    return loaded;
  }

  return {
    allows: async (principal, permission, resource) => (await reasonFor(principal, permission, resource)) === 'allowed',
    async requirePermission(principal, permission, resource) {
      requireAllowed(await reasonFor(principal, permission, resource), permission);
    },
    async visibility(principal, permission, columns) {
      const world = await worldFor(principal, permission);
      const context = contextOf(principal, request() ?? noRequest, clock());
      const question = { principal: askerOf(principal), permission, context, columns };
      return visibility(world, question, clock().getTime());
    },
    async rights(principal, permission) {
      const world = await worldFor(principal, permission);
      const asker = askerOf(principal);
      const context = contextOf(principal, request() ?? noRequest, clock());
      const reasonOf = (resource?: AccessResource): DecisionReason =>
        settle(
          world,
          { principal: asker, permission, context, ...(resource !== undefined && { resource }) },
          'local',
          performance.now(),
        );
      return {
        somewhere: maySomewhere(world, { principal: asker, permission, context }, clock().getTime()),
        allows: (resource) => reasonOf(resource) === 'allowed',
        require: (resource) => requireAllowed(reasonOf(resource), permission),
      };
    },
  };
}

const secondsSince = (startedAt: number): number => (performance.now() - startedAt) / 1000;

function requireAllowed(reason: DecisionReason, permission: string): void {
  if (reason === 'allowed') return;
  if (reason === 'outside-scope') {
    throw new PermissionError(`the credential's scope does not cover ${permission}`, { code: 'INSUFFICIENT_SCOPE' });
  }
  throw new PermissionError(`${permission} is required`);
}

/** An allow for all of the tenant, or one that reaches a part of it or depends on what the row says. */
function maySomewhere(world: World, asked: DecisionRequest, now: number): boolean {
  if (decide(world, asked, now).allowed) return true;
  return scopesOf(world, asked.principal, asked.permission, now).allowed.length > 0;
}

/** What decisions look at of a principal: never its token. */
export function askerOf({ type, id, tenantId, acr, scope, actingService }: Principal): DecisionPrincipal {
  return {
    type,
    id,
    tenantId,
    acr,
    ...(scope !== undefined && { scope }),
    ...(actingService !== undefined && { actingService }),
  };
}

/** What conditions may know of the call. */
export function contextOf(principal: Principal, { ip }: RequestFacts, now: Date): DecisionContext {
  const { authTime, keyId, sessionId } = principal;
  return {
    credential: keyId !== undefined ? 'api-key' : sessionId !== undefined ? 'session' : 'token',
    authAgeSeconds: Math.max(0, Math.floor(now.getTime() / 1000) - authTime),
    ...(ip !== undefined && { ip }),
  };
}
