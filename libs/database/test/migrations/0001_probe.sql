create table things (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  name text collate "C" not null,
  parent_id uuid,
  rank integer not null default 0 check (rank >= 0),
  note jsonb,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id),
  constraint things_name_unique unique (tenant_id, name),
  foreign key (tenant_id, parent_id) references things (tenant_id, id)
);
comment on table things is 'class: tenant';
create index things_created on things (tenant_id, created_at, id);
alter table things enable row level security;
alter table things force row level security;
create policy tenant on things to {{app}}
  using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on things to {{app}};

create table people (
  id uuid primary key,
  email text collate "C" not null unique
);
comment on table people is 'class: global: identities exist before tenants';
alter table people enable row level security;
alter table people force row level security;
create policy global on people to {{app}} using ((select ctx_global())) with check ((select ctx_global()));
grant select, insert, update, delete on people to {{app}};

create table queue (
  seq bigint generated always as identity (cache 1) primary key,
  tenant_id uuid not null default ctx_tenant(),
  payload jsonb not null
);
comment on table queue is 'class: platform';
alter table queue enable row level security;
alter table queue force row level security;
create policy tenant on queue for insert to {{app}} with check (tenant_id = (select ctx_tenant()));
create policy relay on queue to {{relay}} using (true) with check (true);
grant insert on queue to {{app}};
grant select, delete on queue to {{relay}};
