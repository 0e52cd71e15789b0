import { defaultRolePrefix, serviceRoles, type ServiceRoles } from './names.ts';

export interface BootstrapSqlOptions {
  services: readonly string[];
  /** Default `idp_`. */
  prefix?: string;
}

/**
 * Roles, schemas and role settings of all services as idempotent SQL, without passwords. Run by a login that may create
 * roles and schemas (a superuser, or CREATEROLE plus CREATE on the database).
 */
export function bootstrapSql({ services, prefix = defaultRolePrefix }: BootstrapSqlOptions): string {
  return services.map((service) => serviceSql(serviceRoles(service, prefix))).join('\n');
}

function serviceSql(roles: ServiceRoles): string {
  const { owner, app, relay, search, schema } = roles;
  return `-- ${schema}
${[owner, search].map((role) => createRole(role, 'nologin')).join('\n')}
${[app, relay].map((role) => createRole(role, 'login')).join('\n')}
grant ${owner} to current_user;
grant ${search} to current_user;
grant ${search} to ${owner};
create schema if not exists ${schema} authorization ${owner};
set role ${owner};
revoke all on schema ${schema} from public;
grant usage on schema ${schema} to ${app}, ${relay};
grant usage, create on schema ${schema} to ${search};
reset role;
${settings(app, schema, '10s')}
${settings(relay, schema, '15s')}
`;
}

function createRole(role: string, login: 'login' | 'nologin'): string {
  return `do $$ begin
  if not exists (select from pg_catalog.pg_roles where rolname = '${role}') then
    create role ${role} ${login} nosuperuser nobypassrls nocreatedb nocreaterole noinherit noreplication;
  end if;
end $$;`;
}

/** Settings of the role survive poolers, which drop what a connection sets (data.md §2.3). */
function settings(role: string, schema: string, idleInTransaction: string): string {
  return [
    `search_path = ${schema}`,
    `row_security = on`,
    `statement_timeout = '5s'`,
    `lock_timeout = '2s'`,
    `idle_in_transaction_session_timeout = '${idleInTransaction}'`,
    `timezone = 'UTC'`,
    `datestyle = 'ISO, YMD'`,
    `intervalstyle = 'iso_8601'`,
    `jit = off`,
  ]
    .map((setting) => `alter role ${role} set ${setting};`)
    .join('\n');
}
