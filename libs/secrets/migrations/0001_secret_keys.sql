-- Data keys, wrapped by the key provider. One active key per tenant; retired ones open only; destroyed ones open nothing.
create table secret_keys (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  kek_id text collate "C" not null,
  wrapped bytea not null,
  state text collate "C" not null default 'active' check (state in ('active', 'retired', 'destroyed')),
  seals bigint not null default 0 check (seals >= 0),
  created_at timestamptz not null default now(),
  destroyed_at timestamptz,
  primary key (tenant_id, id),
  check ((state = 'destroyed') = (destroyed_at is not null))
);
comment on table secret_keys is 'class: tenant';
create unique index secret_keys_active on secret_keys (tenant_id) where state = 'active';
create index secret_keys_created on secret_keys (tenant_id, created_at, id);
alter table secret_keys enable row level security;
alter table secret_keys force row level security;
create policy tenant on secret_keys to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on secret_keys to {{app}};
