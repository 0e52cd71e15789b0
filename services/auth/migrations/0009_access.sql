-- Roles a tenant makes for itself. System roles are no rows: they are made from the manifests of the services.
create table roles (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  name text not null,
  name_norm text collate "C" not null,
  description text not null default '',
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by text collate "C" not null,
  updated_by text collate "C" not null,
  primary key (tenant_id, id)
);
comment on table roles is 'class: tenant';
create unique index roles_name on roles (tenant_id, name_norm);
alter table roles enable row level security;
alter table roles force row level security;
create policy tenant on roles to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on roles to {{app}};

-- What a role allows and denies, in the order it was given.
create table role_rules (
  tenant_id uuid not null default ctx_tenant(),
  role_id uuid not null,
  position integer not null check (position >= 0),
  permission text collate "C" not null,
  effect text collate "C" not null check (effect in ('allow', 'deny')),
  condition text,
  primary key (tenant_id, role_id, position),
  foreign key (tenant_id, role_id) references roles (tenant_id, id) on delete cascade
);
comment on table role_rules is 'class: tenant';
alter table role_rules enable row level security;
alter table role_rules force row level security;
create policy tenant on role_rules to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on role_rules to {{app}};

-- Roles whose rules a role holds as well: UUID of another one of the tenant, or the key of a system role.
create table role_parents (
  tenant_id uuid not null default ctx_tenant(),
  role_id uuid not null,
  parent_role_id text collate "C" not null,
  primary key (tenant_id, role_id, parent_role_id),
  foreign key (tenant_id, role_id) references roles (tenant_id, id) on delete cascade
);
comment on table role_parents is 'class: tenant';
create index role_parents_children on role_parents (tenant_id, parent_role_id);
alter table role_parents enable row level security;
alter table role_parents force row level security;
create policy tenant on role_parents to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on role_parents to {{app}};

-- Guard rails of a tenant. subjects is "all", or {"roleIds": [], "teamIds": []}.
create table policies (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  name text not null,
  name_norm text collate "C" not null,
  description text not null default '',
  effect text collate "C" not null check (effect in ('allow', 'deny')),
  permissions text[] not null,
  subjects jsonb not null,
  scope_type text collate "C" not null check (scope_type in ('tenant', 'organization', 'team', 'project')),
  scope_id uuid not null,
  condition text,
  enabled boolean not null default true,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by text collate "C" not null,
  updated_by text collate "C" not null,
  primary key (tenant_id, id)
);
comment on table policies is 'class: tenant';
create unique index policies_name on policies (tenant_id, name_norm);
alter table policies enable row level security;
alter table policies force row level security;
create policy tenant on policies to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on policies to {{app}};

alter table role_bindings
  add column updated_at timestamptz not null default now();
create index role_bindings_of_role on role_bindings (tenant_id, role_id);

-- What each service has declared, kept by the platform tenant. System roles are made of all of them.
create table permission_manifests (
  tenant_id uuid not null default ctx_tenant(),
  service text collate "C" not null,
  hash text collate "C" not null,
  body jsonb not null,
  received_at timestamptz not null default now(),
  primary key (tenant_id, service)
);
comment on table permission_manifests is 'class: tenant';
alter table permission_manifests enable row level security;
alter table permission_manifests force row level security;
create policy tenant on permission_manifests to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
create policy search on permission_manifests for select to {{search}} using (true);
grant select, insert, update, delete on permission_manifests to {{app}};
grant select on permission_manifests to {{search}};

-- The same for transactions of every tenant: what is declared is no secret.
create function permission_manifest_list() returns table (service text, hash text, body jsonb)
  language sql stable security definer set search_path = ''
  as $$ select m.service, m.hash, m.body from {{schema}}.permission_manifests m order by m.service $$;
revoke all on function permission_manifest_list() from public;
grant execute on function permission_manifest_list() to {{app}};
alter function permission_manifest_list() owner to {{search}};

-- The compiled snapshot as it is published: shards as canonical JSON, and the signed head that names them.
create table access_shards (
  tenant_id uuid not null default ctx_tenant(),
  name text collate "C" not null,
  version bigint not null,
  body text not null,
  primary key (tenant_id, name)
);
comment on table access_shards is 'class: tenant';
alter table access_shards enable row level security;
alter table access_shards force row level security;
create policy tenant on access_shards to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on access_shards to {{app}};

create table access_heads (
  tenant_id uuid not null default ctx_tenant(),
  version bigint not null,
  payload text not null,
  kid text collate "C" not null,
  signature text collate "C" not null,
  primary key (tenant_id)
);
comment on table access_heads is 'class: tenant';
alter table access_heads enable row level security;
alter table access_heads force row level security;
create policy tenant on access_heads to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on access_heads to {{app}};
