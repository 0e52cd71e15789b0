import type { ServiceRoles } from '../roles/names.ts';
import type { Report } from './assertions.ts';
import type { CatalogFacts, RoleFact } from './facts.ts';

/** Roles that run code or own objects of a service must not be able to step over the wall. */
export function judgeRoles(facts: CatalogFacts, roles: ServiceRoles, report: Report): void {
  for (const name of [roles.owner, roles.app, roles.relay, roles.search]) {
    const role = facts.roles.find((fact) => fact.name === name);
    if (role === undefined) report('role', name, 'does not exist');
    else judgeRole(role, roles, report);
  }
  for (const { schema, grantee, privilege } of facts.schemaGrants) {
    if (grantee !== roles.app && grantee !== roles.relay) continue;
    if (privilege !== 'USAGE') report('role', grantee, `may ${privilege} in schema ${schema}`);
    if (schema !== roles.schema && schema !== 'bus') report('role', grantee, `may use schema ${schema}`);
  }
}

function judgeRole(role: RoleFact, roles: ServiceRoles, report: Report): void {
  const powers = {
    SUPERUSER: role.super,
    BYPASSRLS: role.bypass,
    CREATEDB: role.createdb,
    CREATEROLE: role.createrole,
  };
  for (const [power, held] of Object.entries(powers)) if (held) report('role', role.name, `has ${power}`);
  const runs = role.name === roles.app || role.name === roles.relay;
  if (role.login !== runs) report('role', role.name, runs ? 'cannot log in' : 'can log in');
  if (!runs) return;
  if (role.inherit) report('role', role.name, 'has INHERIT');
  if (role.member_of.length > 0) report('role', role.name, `is a member of ${role.member_of.join(', ')}`);
  if (role.config?.includes('row_security=on') !== true) report('role', role.name, 'does not fix row_security');
  if (role.config?.includes(`search_path=${roles.schema}`) !== true)
    report('role', role.name, 'does not fix search_path');
}
