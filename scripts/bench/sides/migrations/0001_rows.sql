create table bench_rows (
  tenant_id uuid not null default ctx_tenant(),
  id text collate "C" not null,
  body text not null,
  primary key (tenant_id, id)
);
comment on table bench_rows is 'class: tenant';
alter table bench_rows enable row level security;
alter table bench_rows force row level security;
create policy tenant on bench_rows to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on bench_rows to {{app}};
