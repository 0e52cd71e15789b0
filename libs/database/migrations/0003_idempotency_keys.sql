create table idempotency_keys (
  tenant_id uuid not null default ctx_tenant(),
  principal text collate "C" not null,
  route text collate "C" not null,
  key text collate "C" not null,
  request_hash text not null,
  status integer not null,
  headers jsonb not null,
  -- Absent where the answer was above 64 KiB.
  body text,
  sealed boolean not null default false,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  primary key (tenant_id, principal, route, key)
);
comment on table idempotency_keys is 'class: platform';
create index idempotency_keys_expired on idempotency_keys (expires_at);
alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;
create policy tenant on idempotency_keys to {{app}}
  using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
create policy relay on idempotency_keys to {{relay}} using (true) with check (true);
grant select, insert, update on idempotency_keys to {{app}};
grant select, delete on idempotency_keys to {{relay}};
