create table effects (
  tenant_id uuid not null default ctx_tenant(),
  no bigint generated always as identity,
  event_id uuid not null,
  effect text not null,
  primary key (tenant_id, no)
);
comment on table effects is 'class: tenant';
alter table effects enable row level security;
alter table effects force row level security;
create policy tenant on effects to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on effects to {{app}};
