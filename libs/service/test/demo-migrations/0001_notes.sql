create table notes (
  tenant_id uuid not null,
  id uuid not null,
  body text not null,
  version int not null default 1,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
comment on table notes is 'class: tenant';
alter table notes enable row level security;
alter table notes force row level security;
create policy tenant on notes using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on notes to {{app}};
