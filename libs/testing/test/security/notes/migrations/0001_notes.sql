create table notes (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  title text collate "C" not null,
  body text not null,
  rating integer,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  created_by text collate "C" not null,
  primary key (tenant_id, id)
);
comment on table notes is 'class: tenant';
create unique index notes_title on notes (tenant_id, title);
alter table notes enable row level security;
alter table notes force row level security;
create policy tenant on notes to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on notes to {{app}};
