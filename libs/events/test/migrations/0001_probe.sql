-- What the tests write as producer and as consumer.
create table aggregates (
  tenant_id uuid not null default ctx_tenant(),
  id text collate "C" not null,
  version bigint not null default 1,
  primary key (tenant_id, id)
);
comment on table aggregates is 'class: tenant';
alter table aggregates enable row level security;
alter table aggregates force row level security;
create policy tenant on aggregates to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on aggregates to {{app}};

-- No key on event_id: an effect that happens twice shows.
create table effects (
  tenant_id uuid not null default ctx_tenant(),
  no bigint generated always as identity (cache 1),
  consumer text collate "C" not null,
  event_id uuid not null,
  aggregate_id text collate "C" not null,
  version bigint,
  primary key (tenant_id, no)
);
comment on table effects is 'class: tenant';
alter table effects enable row level security;
alter table effects force row level security;
create policy tenant on effects to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on effects to {{app}};

create table projection (
  tenant_id uuid not null default ctx_tenant(),
  id text collate "C" not null,
  version bigint not null,
  name text,
  labels jsonb,
  deleted_at timestamptz,
  primary key (tenant_id, id)
);
comment on table projection is 'class: tenant';
alter table projection enable row level security;
alter table projection force row level security;
create policy tenant on projection to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on projection to {{app}};
