-- Who acts where no person does: a CI system, another platform, a script.
create table service_accounts (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  name text not null,
  name_norm text collate "C" not null,
  description text not null default '',
  scope_type text collate "C" not null check (scope_type in ('tenant', 'organization', 'team', 'project')),
  scope_id uuid not null,
  -- Public keys for private_key_jwt.
  jwks jsonb,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by text collate "C" not null,
  updated_by text collate "C" not null,
  deleted_at timestamptz,
  deleted_by text collate "C",
  primary key (tenant_id, id)
);
comment on table service_accounts is 'class: tenant';
create unique index service_accounts_name on service_accounts (tenant_id, name_norm) where deleted_at is null;
alter table service_accounts enable row level security;
alter table service_accounts force row level security;
create policy tenant on service_accounts to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on service_accounts to {{app}};

-- The secret is kept as SHA-256: 256 random bits need no slow hash. While a rotation overlaps, two secrets are accepted.
create table api_keys (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  kid text collate "C" not null,
  name text not null,
  owner_type text collate "C" not null check (owner_type in ('user', 'service-account')),
  owner_id uuid not null,
  scopes text[] not null,
  ip_allow text[] not null default '{}',
  rate_policy jsonb,
  expires_at timestamptz not null,
  secret_hash bytea not null check (length(secret_hash) = 32),
  secret_start text collate "C" not null,
  last_used_at timestamptz,
  last_used_ip inet,
  overlap_hash bytea check (length(overlap_hash) = 32),
  overlap_start text collate "C",
  overlap_until timestamptz,
  overlap_last_used_at timestamptz,
  revoked_at timestamptz,
  revoked_reason text collate "C" check (revoked_reason in ('user', 'admin', 'leak', 'owner')),
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by text collate "C" not null,
  updated_by text collate "C" not null,
  primary key (tenant_id, id),
  check ((revoked_at is null) = (revoked_reason is null)),
  check ((overlap_hash is null) = (overlap_until is null))
);
comment on table api_keys is 'class: tenant';
create unique index api_keys_kid on api_keys (tenant_id, kid);
create index api_keys_of_owner on api_keys (tenant_id, owner_id, id) where revoked_at is null;
alter table api_keys enable row level security;
alter table api_keys force row level security;
create policy tenant on api_keys to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on api_keys to {{app}};

-- A key arrives before its tenant is known.
create table api_key_index (
  kid text collate "C" not null primary key,
  tenant_id uuid not null
);
comment on table api_key_index is 'class: global: a key names its tenant, a request names only the key';
alter table api_key_index enable row level security;
alter table api_key_index force row level security;
create policy global on api_key_index to {{app}} using ((select ctx_global())) with check ((select ctx_global()));
grant select, insert, update, delete on api_key_index to {{app}};

create table api_key_usage_daily (
  tenant_id uuid not null default ctx_tenant(),
  key_id uuid not null,
  day date not null,
  requests bigint not null check (requests >= 0),
  primary key (tenant_id, key_id, day),
  foreign key (tenant_id, key_id) references api_keys (tenant_id, id) on delete cascade
);
comment on table api_key_usage_daily is 'class: tenant';
alter table api_key_usage_daily enable row level security;
alter table api_key_usage_daily force row level security;
create policy tenant on api_key_usage_daily to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on api_key_usage_daily to {{app}};
