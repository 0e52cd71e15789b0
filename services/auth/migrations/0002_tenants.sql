create table tenants (
  id uuid not null primary key,
  slug text collate "C" not null,
  name text not null,
  status text collate "C" not null default 'active' check (status in ('active', 'suspended', 'deleting', 'purging', 'deleted')),
  tier text collate "C" not null default 'standard',
  region text collate "C",
  config jsonb not null default '{}',
  config_version bigint not null default 1,
  delete_after timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by text collate "C" not null,
  updated_by text collate "C" not null
);
comment on table tenants is 'class: global: sign-in looks tenants up before one is chosen';
create unique index tenants_slug on tenants (slug);
alter table tenants enable row level security;
alter table tenants force row level security;
create policy global on tenants to {{app}} using ((select ctx_global())) with check ((select ctx_global()));
grant select, insert, update, delete on tenants to {{app}};

-- Which tenants a user may choose: the global side of memberships, written in the same transaction.
create table user_tenants (
  user_id uuid not null references users (id),
  tenant_id uuid not null references tenants (id),
  status text collate "C" not null check (status in ('invited', 'active', 'suspended', 'removed')),
  last_used_at timestamptz not null default now(),
  primary key (user_id, tenant_id)
);
comment on table user_tenants is 'class: global: sign-in looks tenants up before one is chosen';
alter table user_tenants enable row level security;
alter table user_tenants force row level security;
create policy global on user_tenants to {{app}} using ((select ctx_global())) with check ((select ctx_global()));
grant select, insert, update, delete on user_tenants to {{app}};

create table organizations (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  slug text collate "C" not null,
  name text not null,
  tier text collate "C" not null default 'standard',
  settings jsonb not null default '{}',
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by text collate "C" not null,
  updated_by text collate "C" not null,
  deleted_at timestamptz,
  deleted_by text collate "C",
  primary key (tenant_id, id)
);
comment on table organizations is 'class: tenant';
create unique index organizations_slug on organizations (tenant_id, slug) where deleted_at is null;
alter table organizations enable row level security;
alter table organizations force row level security;
create policy tenant on organizations to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on organizations to {{app}};

create table memberships (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  user_id uuid not null,
  status text collate "C" not null check (status in ('invited', 'active', 'suspended', 'removed')),
  display_name text not null,
  email text collate "C" not null,
  external_id text collate "C",
  managed_by text collate "C" check (managed_by in ('scim', 'sso', 'domain')),
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by text collate "C" not null,
  updated_by text collate "C" not null,
  primary key (tenant_id, id)
);
comment on table memberships is 'class: tenant';
create unique index memberships_user on memberships (tenant_id, user_id) where status <> 'removed';
alter table memberships enable row level security;
alter table memberships force row level security;
create policy tenant on memberships to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on memberships to {{app}};

-- role_id is a system key, or the UUID of a role of the tenant once those exist.
create table role_bindings (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  principal_type text collate "C" not null check (principal_type in ('user', 'team', 'service-account')),
  principal_id uuid not null,
  role_id text collate "C" not null,
  scope_type text collate "C" not null check (scope_type in ('tenant', 'organization', 'team', 'project')),
  scope_id uuid not null,
  starts_at timestamptz not null default now(),
  expires_at timestamptz,
  condition text,
  granted_by text collate "C" not null,
  reason text,
  granted_via text collate "C" not null check (granted_via in ('direct', 'invitation', 'scim', 'elevation')),
  request_id uuid,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id),
  check (expires_at is null or expires_at > starts_at)
);
comment on table role_bindings is 'class: tenant';
create unique index role_bindings_grant
  on role_bindings (tenant_id, principal_type, principal_id, role_id, scope_type, scope_id, starts_at);
alter table role_bindings enable row level security;
alter table role_bindings force row level security;
create policy tenant on role_bindings to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on role_bindings to {{app}};

-- Grows with every change of who may do what; tokens carry it as pv.
create table access_versions (
  tenant_id uuid not null default ctx_tenant() primary key,
  version bigint not null
);
comment on table access_versions is 'class: tenant';
alter table access_versions enable row level security;
alter table access_versions force row level security;
create policy tenant on access_versions to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on access_versions to {{app}};

-- What each service has said about the tenant.
create table tenant_receipts (
  tenant_id uuid not null default ctx_tenant(),
  service text collate "C" not null,
  prepared_at timestamptz,
  purged_at timestamptz,
  primary key (tenant_id, service)
);
comment on table tenant_receipts is 'class: tenant';
alter table tenant_receipts enable row level security;
alter table tenant_receipts force row level security;
create policy tenant on tenant_receipts to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on tenant_receipts to {{app}};
