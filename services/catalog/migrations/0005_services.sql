-- The service registry: one row per Component, whatever source describes it. Type, lifecycle, owner, system and tags are the
-- entity's and are read there; the row holds what only the registry knows.
create table services (
  tenant_id uuid not null default ctx_tenant(),
  -- The entity's uid; kept when the Component goes and returns.
  id uuid not null,
  no integer not null,
  name text collate "C" not null,
  description text,
  repository_url text,
  owner_team_id uuid,
  -- Hash of everything service events carry: the version grows when it changes.
  digest text collate "C" not null,
  -- Version of the service events, 1 more with each; the ETag of /services is the revision of the entity.
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by text not null,
  updated_by text not null,
  deleted_at timestamptz,
  deleted_by text,
  primary key (tenant_id, id),
  foreign key (tenant_id, no) references refs (tenant_id, no)
);
comment on table services is 'class: tenant';
create unique index services_no on services (tenant_id, no);
create index services_owner_team on services (tenant_id, owner_team_id, id) where deleted_at is null;
alter table services enable row level security;
alter table services force row level security;
create policy tenant on services to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on services to {{app}};
