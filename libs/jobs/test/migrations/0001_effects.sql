-- What the tests' jobs do. No key on job: an effect that happens twice shows.
create table effects (
  tenant_id uuid not null default ctx_tenant(),
  no bigint generated always as identity (cache 1),
  job uuid not null,
  label text collate "C" not null,
  worker text collate "C" not null,
  started_at timestamptz not null default now(),
  at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, no)
);
comment on table effects is 'class: tenant';
alter table effects enable row level security;
alter table effects force row level security;
create policy tenant on effects to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on effects to {{app}};
