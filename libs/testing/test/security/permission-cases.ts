import { freshName } from '../../src/hostile/openapi/sample.ts';
import type { SampleRequest } from '../../src/hostile/openapi/sample.ts';
import type { PreparedOperation } from '../../src/hostile/target.ts';
import { jsonOf, send } from '../../src/hostile/wire/client.ts';
import type { PermissionCase } from '../../src/mutation/permission-probe.ts';
import type { Tenant } from './people.ts';
import type { Cast } from './permission-cast.ts';
import type { Platform } from './platform.ts';
import { applyOperation } from './services.ts';

/** What a request has other than the valid one. */
interface Variation extends Pick<PermissionCase, 'statuses' | 'code' | 'isIntact'> {
  name: string;
  change?(valid: SampleRequest): Promise<Partial<SampleRequest>> | Partial<SampleRequest>;
  /** The case is about this permission alone: it lies where the person holds the others anyway. */
  only?: string;
  /** Stands in for the valid request, which could not tell. */
  instead?: true;
}

/** A case that is about one permission of those that are looked at. */
export type NarrowCase = PermissionCase & { only: string | undefined };

/** The requests by which it is tried what an operation asks for: the valid one, and those that reach what it does not. */
export async function permissionCases(
  platform: Platform,
  tenant: Tenant,
  cast: Cast,
): Promise<(prepared: PreparedOperation) => readonly NarrowCase[]> {
  await registerGroup(platform, tenant, cast.team);
  const variations: Readonly<Record<string, readonly Variation[]>> = {
    ...tenancyVariations(cast),
    ...credentialVariations(tenant, cast),
    ...questionVariations(tenant),
    ...catalogVariations(platform, tenant, cast),
  };
  return (prepared) => {
    const own = variations[prepared.operation.id] ?? [];
    const valid: NarrowCase = { prepared, name: '', request: () => prepared.request(), only: undefined };
    const varied = own.map(({ change, instead: _instead, only, ...rest }) => ({
      prepared,
      only,
      ...rest,
      async request() {
        const request = await prepared.request();
        return { ...request, ...(await change?.(request)) };
      },
    }));
    return own.some(({ instead }) => instead) ? varied : [valid, ...varied];
  };
}

const teams = '/api/v1/teams';
const projects = '/api/v1/auth/projects';

/** What is moved from where a right counts to where it does not. */
function tenancyVariations({ team, neighbour, make }: Cast): Record<string, readonly Variation[]> {
  const moved = (body: object, from: () => Promise<string>) => async () => ({ path: { id: await from() }, body });
  const aTeam = () => make(teams, { parentId: team });
  const aProject = () => make(projects, { ownerTeamId: team });
  return {
    // They see the organization, so that it is no secret.
    listOrganizationMembers: [{ name: '', statuses: { 'auth:member:read': 403 }, instead: true }],
    listInvitations: [{ name: '', statuses: { 'auth:member:read': 403 }, instead: true }],
    updateTeam: [
      { name: 'below a team beside it', change: moved({ parentId: neighbour }, aTeam), only: 'auth:team:update' },
      { name: 'to the first level', change: moved({ parentId: null }, aTeam), only: 'auth:team:update' },
    ],
    updateProject: [
      { name: 'to a team beside', change: moved({ ownerTeamId: neighbour }, aProject), only: 'auth:project:update' },
      { name: 'to no team', change: moved({ ownerTeamId: null }, aProject), only: 'auth:project:update' },
    ],
  };
}

/** Keys of others, and keys that may do something. */
function credentialVariations({ id: tenantId }: Tenant, { make }: Cast): Record<string, readonly Variation[]> {
  const scope = 'auth:team:read';
  const scoped = ({ body }: SampleRequest) => ({ body: { ...(body as object), scopes: [scope] } });
  const withScope: Variation = {
    name: 'with a scope',
    change: scoped,
    statuses: { [scope]: 403 },
    code: 'SCOPE_ESCALATION',
  };
  const others: Variation = { name: '', statuses: { 'auth:api-key:manage': 404 }, instead: true };
  const accounts = '/api/v1/auth/service-accounts';
  const keyOfAccount = async () => {
    const id = await make(accounts, { scope: { type: 'tenant', id: tenantId } });
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    return { path: { id: await make(`${accounts}/${id}/api-keys`, { scopes: [], expiresAt }) } };
  };
  return {
    createApiKey: [withScope],
    createServiceAccountKey: [withScope],
    getApiKey: [others],
    getApiKeyUsage: [others],
    updateApiKey: [others],
    revokeApiKey: [others],
    // The new secret of a person's key is for the person alone, whoever manages keys.
    rotateApiKey: [{ ...others, name: 'of a service account', change: keyOfAccount }],
  };
}

/** Questions about somebody else, and the values behind an answer. */
function questionVariations({ letter, people, canary }: Tenant): Record<string, readonly Variation[]> {
  const somebody = { type: 'user', id: people[`member${letter}`]!.id };
  const question = { permission: 'auth:team:read', principal: somebody };
  const about = (body: object): Variation => ({
    name: 'about somebody else',
    change: () => ({ body }),
    only: 'auth:decision:check',
  });
  const condition = 'context.credential == "none"';
  const values = {
    permission: 'auth:team:read',
    context: { credential: canary },
    overlay: { policies: [{ permissions: ['auth:team:read'], condition }] },
  };
  return {
    checkPermission: [about(question)],
    checkPermissions: [about({ items: [{ id: '1', ...question }] })],
    evaluateDecision: [about(question), { name: 'with values', change: () => ({ body: values }), instead: true }],
  };
}

function catalogVariations(platform: Platform, tenant: Tenant, cast: Cast): Record<string, readonly Variation[]> {
  const update = 'catalog:service:update';
  const catalog = callerOf(platform, tenant);
  const moved = (from: object, body: object) => async () => {
    const service = { name: freshName(), ...from };
    const { data } = (await catalog('POST', '/api/v1/services', service)) as { data: { id: string } };
    return { path: { id: data.id }, body };
  };
  const [outside, inside] = [{ ownerRef: 'group:default/guests' }, { ownerTeamId: cast.team }];
  const given: Variation = { name: 'given away', change: moved(inside, outside), only: update };
  const taken: Variation = { name: 'taken', change: moved(outside, inside), only: update };
  return {
    getEntityFacets: [{ name: 'names', change: () => ({ query: { facet: 'metadata.name' } }), instead: true }],
    queryEntityFacetsByPredicate: [
      { name: 'names', change: () => ({ body: { facets: ['metadata.name'] } }), instead: true },
    ],
    getEntityByUid: [
      { name: '', change: async () => ({ path: { uid: (await moved(outside, {})()).path.id } }), instead: true },
    ],
    // As Backstage says it.
    getEntityAncestryByName: [{ name: '', statuses: { 'catalog:entity:read': 403 }, instead: true }],
    deleteEntityByUid: [
      {
        name: '',
        // Nothing happens, as to what nobody knows.
        statuses: { 'catalog:entity:read': 204 },
        async isIntact({ path }) {
          const found = await catalog('GET', `/api/catalog/entities/by-uid/${path['uid']}`);
          return (found as { metadata?: object }).metadata !== undefined;
        },
        instead: true,
      },
    ],
    updateService: [given],
    replaceService: [given, taken],
  };
}

/** The group that stands for the team in the catalog, written as its operations write: registered locations describe no groups. */
async function registerGroup(platform: Platform, tenant: Tenant, teamId: string): Promise<void> {
  const catalog = platform.fleet.services.find(({ name }) => name === 'catalog')!;
  const applyEntityDocument = await applyOperation();
  const document = {
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Group',
    metadata: { name: freshName(), annotations: { 'idp/team-id': teamId } },
    spec: { type: 'team', children: [] },
  };
  const input = { document, actor: 'service:test' };
  await catalog.database.tenant(tenant.id).write((tx) => applyEntityDocument(tx, catalog.context, input));
}

function callerOf(platform: Platform, { letter, people }: Tenant) {
  const owner = people[`owner${letter}`]!.headers;
  return async (method: string, target: string, body?: object): Promise<unknown> => {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await send(platform.fleet.baseUrl('catalog'), {
      method,
      target,
      headers: { ...owner, ...type },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return jsonOf(answer);
  };
}
