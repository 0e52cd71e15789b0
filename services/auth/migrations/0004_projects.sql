create table projects (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  organization_id uuid not null,
  owner_team_id uuid,
  slug text collate "C" not null,
  name text not null,
  description text not null default '',
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by text collate "C" not null,
  updated_by text collate "C" not null,
  deleted_at timestamptz,
  deleted_by text collate "C",
  primary key (tenant_id, id),
  foreign key (tenant_id, organization_id) references organizations (tenant_id, id),
  foreign key (tenant_id, owner_team_id) references teams (tenant_id, id)
);
comment on table projects is 'class: tenant';
create unique index projects_slug on projects (tenant_id, organization_id, slug) where deleted_at is null;
create index projects_list on projects (tenant_id, slug, id) where deleted_at is null;
create index projects_of_team on projects (tenant_id, owner_team_id) where deleted_at is null;
alter table projects enable row level security;
alter table projects force row level security;
create policy tenant on projects to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on projects to {{app}};
