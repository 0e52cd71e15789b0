-- A read model of tenants, and what was told about them.
create table directory (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  version bigint not null,
  name text,
  deleted_at timestamptz,
  primary key (tenant_id, id)
);
comment on table directory is 'class: tenant';
alter table directory enable row level security;
alter table directory force row level security;
create policy tenant on directory to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on directory to {{app}};

create table notifications (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  primary key (tenant_id, id)
);
comment on table notifications is 'class: tenant';
alter table notifications enable row level security;
alter table notifications force row level security;
create policy tenant on notifications to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on notifications to {{app}};
