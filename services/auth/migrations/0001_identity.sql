-- Identities belong to no tenant: one person may be a member of many. Seen only where app.global is set.
create table users (
  id uuid not null primary key,
  email text collate "C" not null,
  email_norm text collate "C" not null,
  email_verified_at timestamptz,
  name text not null,
  avatar_url text,
  locale text collate "C",
  timezone text collate "C",
  status text collate "C" not null check (status in ('pending', 'active', 'disabled', 'deleted', 'erased')),
  token_epoch bigint not null default 0,
  home_tenant_id uuid,
  managed_by text collate "C" check (managed_by in ('scim', 'sso', 'domain')),
  erased_at timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by text collate "C" not null,
  updated_by text collate "C" not null,
  deleted_at timestamptz,
  deleted_by text collate "C"
);
comment on table users is 'class: global: one identity may belong to many tenants';
create unique index users_email_norm on users (email_norm) where erased_at is null;
alter table users enable row level security;
alter table users force row level security;
create policy global on users to {{app}} using ((select ctx_global())) with check ((select ctx_global()));
grant select, insert, update, delete on users to {{app}};

create table user_passwords (
  user_id uuid not null primary key references users (id),
  phc text collate "C" not null,
  changed_at timestamptz not null default now(),
  must_change boolean not null default false
);
comment on table user_passwords is 'class: global: one identity may belong to many tenants';
alter table user_passwords enable row level security;
alter table user_passwords force row level security;
create policy global on user_passwords to {{app}} using ((select ctx_global())) with check ((select ctx_global()));
grant select, insert, update, delete on user_passwords to {{app}};

-- One row per sign-in. The refresh token is not stored: it is the session id, the counter and a MAC under mac_key_sealed.
create table sessions (
  id uuid not null primary key,
  user_id uuid not null references users (id),
  tenant_id uuid not null,
  kind text collate "C" not null default 'login' check (kind in ('login', 'oauth')),
  counter bigint not null default 0 check (counter >= 0),
  mac_key_sealed text collate "C" not null,
  csrf_hash bytea,
  rotated_at timestamptz not null default now(),
  amr text[] not null,
  acr text collate "C" not null check (acr in ('idp:aal1', 'idp:aal2', 'idp:phr')),
  auth_time timestamptz not null,
  connection_id uuid,
  ip inet,
  user_agent text,
  device_hash bytea,
  last_seen_at timestamptz not null default now(),
  idle_expires_at timestamptz not null,
  absolute_expires_at timestamptz not null,
  revoked_at timestamptz,
  revoked_reason text collate "C"
    check (revoked_reason in ('logout', 'user', 'admin', 'reuse', 'password', 'disabled', 'tenant', 'limit')),
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  check ((revoked_at is null) = (revoked_reason is null)),
  check (idle_expires_at <= absolute_expires_at)
);
comment on table sessions is 'class: global: a session belongs to an identity and may change its tenant';
create index sessions_of_user on sessions (user_id, created_at, id) where revoked_at is null;
alter table sessions enable row level security;
alter table sessions force row level security;
create policy global on sessions to {{app}} using ((select ctx_global())) with check ((select ctx_global()));
grant select, insert, update, delete on sessions to {{app}};

create table signing_keys (
  kid text collate "C" not null primary key,
  alg text collate "C" not null check (alg in ('EdDSA', 'ES256')),
  state text collate "C" not null check (state in ('next', 'active', 'retiring', 'retired', 'revoked')),
  public_jwk jsonb not null,
  private_sealed text collate "C" not null,
  created_at timestamptz not null default now(),
  activated_at timestamptz,
  retiring_at timestamptz,
  retired_at timestamptz,
  revoked_at timestamptz
);
comment on table signing_keys is 'class: global: the platform signs for all tenants';
-- Two processes that start at once make one key: the second insert finds this index.
create unique index signing_keys_one_active on signing_keys (state) where state = 'active';
alter table signing_keys enable row level security;
alter table signing_keys force row level security;
create policy global on signing_keys to {{app}} using ((select ctx_global())) with check ((select ctx_global()));
grant select, insert, update, delete on signing_keys to {{app}};
