import { defaultRolePrefix, serviceRoles, type ServiceRoles } from '../roles/names.ts';
import {
  readCatalog,
  type CatalogFacts,
  type GrantFact,
  type PolicyFact,
  type SqlConnection,
  type TableFact,
} from './facts.ts';
import { judgeRoles } from './role-rules.ts';

/** One hole in the tenant wall. */
export interface CatalogFinding {
  rule:
    'class' | 'row security' | 'policy' | 'tenant key' | 'grant' | 'view' | 'function' | 'role' | 'sequence' | 'owner';
  object: string;
  message: string;
}

export type Report = (rule: CatalogFinding['rule'], object: string, message: string) => void;

/**
 * The tenant wall of one service as `pg_catalog` shows it (data.md §2.14 item 1): an empty list means that it stands.
 * Any connection will do, that of the app role included.
 */
export async function catalogAssertions(
  connection: SqlConnection,
  service: string,
  prefix: string = defaultRolePrefix,
): Promise<CatalogFinding[]> {
  const roles = serviceRoles(service, prefix);
  return judgeCatalog(await readServiceCatalog(connection, roles), roles);
}

export function readServiceCatalog(connection: SqlConnection, roles: ServiceRoles): Promise<CatalogFacts> {
  return readCatalog(connection, roles.schema, [roles.owner, roles.app, roles.relay, roles.search]);
}

/** The same of facts that have been read. */
export function judgeCatalog(facts: CatalogFacts, roles: ServiceRoles): CatalogFinding[] {
  const findings: CatalogFinding[] = [];
  const report: Report = (rule, object, message) => void findings.push({ rule, object, message });
  for (const table of facts.tables) judgeTable(table, facts, roles, report);
  judgeFunctions(facts, report);
  for (const { name, cache } of facts.sequences) {
    if (cache !== 1) report('sequence', name, `caches ${cache} values, so its order is not the order of the inserts`);
  }
  judgeRoles(facts, roles, report);
  return findings;
}

const classForm = /^class: (?:tenant|platform|global: \S.*)$/s;

function judgeTable(table: TableFact, facts: CatalogFacts, roles: ServiceRoles, report: Report): void {
  const { name } = table;
  if (table.owner !== roles.owner) report('owner', name, `belongs to ${table.owner}, not to ${roles.owner}`);
  if (table.kind === 'm') return report('view', name, 'is a materialized view: row security does not cover those');
  if (table.kind === 'v') {
    if (table.options?.includes('security_invoker=true') !== true) report('view', name, 'is not security_invoker');
    return;
  }
  if (!table.enabled || !table.forced) report('row security', name, 'is not enabled and forced');
  const grants = facts.grants.filter(({ object }) => object === name);
  if (table.partition) {
    for (const { grantee } of grants) report('grant', name, `is a partition granted to ${grantee}`);
    return;
  }
  for (const { grantee, privilege } of grants) {
    if (grantee === 'public') report('grant', name, `${privilege} is granted to PUBLIC`);
    if (['TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN'].includes(privilege)) {
      report('grant', name, `${privilege} is granted to ${grantee}`);
    }
  }
  if (table.comment === null || !classForm.test(table.comment)) report('class', name, 'has no class in its comment');
  const policies = facts.policies.filter((policy) => policy.table === name);
  judgeGrants(table, policies, grants, roles, report);
  if (table.comment === 'class: tenant') judgeTenantTable(table, policies, facts, roles, report);
  else if (table.comment?.startsWith('class: global: ')) judgeGlobalTable(table, policies, roles, report);
  else judgePlatformTable(table, policies, facts, roles, report);
}

/** A grant without a policy reaches no row: one of the two was forgotten. Of the app role more is asked where tenants or nobody own the rows. */
function judgeGrants(
  table: TableFact,
  policies: readonly PolicyFact[],
  grants: readonly GrantFact[],
  roles: ServiceRoles,
  report: Report,
): void {
  const isPlatform = table.comment === 'class: platform';
  for (const role of [...(isPlatform ? [roles.app] : []), roles.relay, roles.search]) {
    if (!grants.some(({ grantee }) => grantee === role)) continue;
    if (policies.some((policy) => policy.roles.includes(role) || policy.roles.includes('public'))) continue;
    report('policy', table.name, `${role} holds a grant, and no policy lets it reach a row`);
  }
}

const canonicalTenant = '(tenant_id = ( SELECT ctx_tenant() AS ctx_tenant))';
const canonicalGlobal = '( SELECT ctx_global() AS ctx_global)';

/** The expression as the server prints it, whatever search path it was printed under. */
function normalised(expression: string | null, schema: string): string {
  return (expression ?? '').replaceAll(`${schema}.ctx_`, 'ctx_').replaceAll(/\s+/g, ' ');
}

function judgeTenantTable(
  table: TableFact,
  policies: readonly PolicyFact[],
  facts: CatalogFacts,
  roles: ServiceRoles,
  report: Report,
): void {
  if (!table.tenant_column || table.tenant_nullable) report('tenant key', table.name, 'needs tenant_id not null');
  judgeCanonical(table, policies, canonicalTenant, roles, report);
  const global = new Set(
    facts.tables.filter(({ comment }) => comment?.startsWith('class: global')).map(({ name }) => name),
  );
  for (const key of facts.keys.filter((candidate) => candidate.table === table.name)) {
    if (key.kind === 'unique' && key.columns[0] !== 'tenant_id') {
      report('tenant key', key.name, `unique index (${key.columns.join(', ')}) must start with tenant_id`);
    }
    if (key.kind !== 'foreign key' || (key.references !== null && global.has(key.references))) continue;
    const position = key.columns.indexOf('tenant_id');
    if (position < 0 || key.referenced_columns?.[position] !== 'tenant_id') {
      report('tenant key', key.name, 'foreign key must pair tenant_id with tenant_id');
    }
  }
}

function judgeGlobalTable(
  table: TableFact,
  policies: readonly PolicyFact[],
  roles: ServiceRoles,
  report: Report,
): void {
  judgeCanonical(table, policies, canonicalGlobal, roles, report);
}

/** Exactly one policy for the app role, with the canonical text in both clauses; the search role may have its own. */
function judgeCanonical(
  table: TableFact,
  policies: readonly PolicyFact[],
  canonical: string,
  roles: ServiceRoles,
  report: Report,
): void {
  const own = policies.filter((policy) => policy.roles.includes(roles.app) || policy.roles.includes('public'));
  if (own.length !== 1) report('policy', table.name, `has ${own.length} policies for the app role, not one`);
  for (const policy of policies) {
    const others = policy.roles.filter((role) => role !== roles.app && role !== roles.search);
    if (others.length > 0) report('policy', table.name, `policy ${policy.name} is open to ${others.join(', ')}`);
    if (!policy.roles.includes(roles.app)) continue;
    const texts = [policy.using, policy.check].map((text) => normalised(text, roles.schema));
    if (!policy.permissive || policy.command !== '*' || texts.some((text) => text !== canonical)) {
      report('policy', table.name, `policy ${policy.name} is not the canonical one: ${texts.join(' / ')}`);
    }
  }
}

/** The app role reaches rows of its tenant only; the other roles are those of the libs. */
function judgePlatformTable(
  table: TableFact,
  policies: readonly PolicyFact[],
  facts: CatalogFacts,
  roles: ServiceRoles,
  report: Report,
): void {
  const unique = facts.keys.filter((key) => key.table === table.name && key.kind === 'unique');
  // Tables with a number of the database as key (the outbox) have no key a tenant could meet another in.
  if (unique.some((key) => key.columns[0] === 'tenant_id')) {
    for (const key of unique.filter(({ columns }) => columns[0] !== 'tenant_id')) {
      report('tenant key', key.name, `unique index (${key.columns.join(', ')}) must start with tenant_id`);
    }
  }
  const known: readonly string[] = [roles.app, roles.relay, roles.owner, roles.search];
  for (const policy of policies) {
    const strangers = policy.roles.filter((role) => !known.includes(role));
    if (strangers.length > 0) report('policy', table.name, `policy ${policy.name} is open to ${strangers.join(', ')}`);
    if (!policy.roles.includes(roles.app) || !table.tenant_column) continue;
    for (const text of [policy.using, policy.check]) {
      if (text === null || normalised(text, roles.schema) === canonicalTenant) continue;
      report('policy', table.name, `policy ${policy.name} shows the app role rows of other tenants: ${text}`);
    }
  }
}

const contextBodies: Readonly<Record<string, string>> = {
  ctx_tenant: `select nullif(pg_catalog.current_setting('app.tenant_id', true), '')::pg_catalog.uuid`,
  ctx_global: `select coalesce(pg_catalog.current_setting('app.global', true), '') = 'on'`,
};

function judgeFunctions(facts: CatalogFacts, report: Report): void {
  for (const { name, definer, config, volatility, body, public_execute: open } of facts.functions) {
    if (definer && config?.some((setting) => setting.startsWith('search_path=')) !== true) {
      report('function', name, 'is SECURITY DEFINER without a pinned search_path');
    }
    if (definer && open) report('function', name, 'is SECURITY DEFINER and PUBLIC may execute it');
    const wanted = contextBodies[name];
    if (wanted !== undefined && (volatility !== 's' || body.trim() !== wanted))
      report('function', name, 'is not the canonical one');
  }
  for (const name of Object.keys(contextBodies)) {
    if (!facts.functions.some((fact) => fact.name === name)) report('function', name, 'is missing');
  }
}
