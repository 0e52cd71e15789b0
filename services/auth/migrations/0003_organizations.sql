-- Members are found by the beginning of their name or address, which LIKE cannot do under row security.
alter table memberships
  add column mfa_required boolean not null default false,
  add column name_norm text collate "C" not null generated always as (lower(display_name)) stored,
  add column email_norm text collate "C" not null generated always as (lower(email)) stored;
create index memberships_email on memberships (tenant_id, email_norm, id);
create index memberships_name on memberships (tenant_id, name_norm, id);

create table teams (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  organization_id uuid not null,
  parent_id uuid,
  path uuid[] not null,
  depth integer not null check (depth between 1 and 5),
  slug text collate "C" not null,
  name text not null,
  description text not null default '',
  external_id text collate "C",
  managed_by text collate "C" check (managed_by in ('scim', 'sso')),
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by text collate "C" not null,
  updated_by text collate "C" not null,
  deleted_at timestamptz,
  deleted_by text collate "C",
  primary key (tenant_id, id),
  foreign key (tenant_id, organization_id) references organizations (tenant_id, id),
  foreign key (tenant_id, parent_id) references teams (tenant_id, id),
  check (cardinality(path) = depth and path[depth] = id)
);
comment on table teams is 'class: tenant';
create unique index teams_slug on teams (tenant_id, organization_id, slug) where deleted_at is null;
create index teams_list on teams (tenant_id, slug, id) where deleted_at is null;
create index teams_below on teams (tenant_id, parent_id) where deleted_at is null;
alter table teams enable row level security;
alter table teams force row level security;
create policy tenant on teams to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on teams to {{app}};

create table team_memberships (
  tenant_id uuid not null default ctx_tenant(),
  team_id uuid not null,
  user_id uuid not null,
  role text collate "C" not null check (role in ('maintainer', 'member')),
  joined_at timestamptz not null default now(),
  created_by text collate "C" not null,
  primary key (tenant_id, team_id, user_id),
  foreign key (tenant_id, team_id) references teams (tenant_id, id)
);
comment on table team_memberships is 'class: tenant';
create index team_memberships_of_user on team_memberships (tenant_id, user_id);
alter table team_memberships enable row level security;
alter table team_memberships force row level security;
create policy tenant on team_memberships to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on team_memberships to {{app}};

create index organizations_list on organizations (tenant_id, slug, id) where deleted_at is null;
create index role_bindings_of_scope on role_bindings (tenant_id, scope_type, scope_id);
