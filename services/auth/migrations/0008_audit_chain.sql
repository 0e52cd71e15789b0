-- What services have reported and nobody has numbered yet. Rows stay for a moment: the sealer moves them to audit_chain.
create table audit_arrivals (
  tenant_id uuid not null default ctx_tenant(),
  arrival bigint generated always as identity,
  received_at timestamptz(3) not null default now(),
  id uuid not null,
  occurred_at timestamptz(3) not null,
  service text collate "C" not null,
  actor text collate "C" not null,
  on_behalf_of text collate "C",
  action text collate "C" not null,
  resource_type text collate "C" not null,
  resource_id text collate "C" not null,
  outcome text collate "C" not null check (outcome in ('succeeded', 'denied', 'failed')),
  before text,
  after text,
  truncated boolean not null default false,
  ip text collate "C",
  user_agent text,
  session_id text collate "C",
  request_id text collate "C",
  trace_id text collate "C",
  reason text,
  primary key (tenant_id, arrival)
);
comment on table audit_arrivals is 'class: tenant';
alter table audit_arrivals enable row level security;
alter table audit_arrivals force row level security;
create policy tenant on audit_arrivals to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
create policy search on audit_arrivals for select to {{search}} using (true);
grant select, insert, delete on audit_arrivals to {{app}};
grant select on audit_arrivals to {{search}};

-- Where the chain of a tenant ends. Whoever seals holds this row.
create table audit_heads (
  tenant_id uuid not null default ctx_tenant(),
  seq bigint not null default 0 check (seq >= 0),
  hash bytea not null default decode(repeat('00', 32), 'hex') check (octet_length(hash) = 32),
  checkpoint_seq bigint not null default 0,
  -- When the first row behind the last checkpoint was sealed.
  open_since timestamptz,
  primary key (tenant_id)
);
comment on table audit_heads is 'class: tenant';
create index audit_heads_open on audit_heads (tenant_id, open_since) where open_since is not null;
alter table audit_heads enable row level security;
alter table audit_heads force row level security;
create policy tenant on audit_heads to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
create policy search on audit_heads for select to {{search}} using (true);
grant select, insert, update on audit_heads to {{app}};
grant select on audit_heads to {{search}};

-- The audit log of every service, numbered without gaps and chained: row_hash = SHA-256(prev_hash || canonical JSON of the row).
-- Address and agent, and the states, enter it as SHA-256(salt || canonical JSON), so that they can be erased later.
create table audit_chain (
  tenant_id uuid not null default ctx_tenant(),
  seq bigint not null,
  received_at timestamptz(3) not null,
  id uuid not null,
  occurred_at timestamptz(3) not null,
  service text collate "C" not null,
  actor text collate "C" not null,
  on_behalf_of text collate "C",
  action text collate "C" not null,
  resource_type text collate "C" not null,
  resource_id text collate "C" not null,
  outcome text collate "C" not null check (outcome in ('succeeded', 'denied', 'failed')),
  before text,
  after text,
  truncated boolean not null,
  states_salt text collate "C",
  states_hash bytea,
  ip text collate "C",
  user_agent text,
  client_salt text collate "C",
  client_hash bytea,
  session_id text collate "C",
  request_id text collate "C",
  trace_id text collate "C",
  reason text,
  prev_hash bytea not null,
  row_hash bytea not null,
  primary key (tenant_id, seq, received_at)
) partition by range (received_at);
comment on table audit_chain is 'class: tenant';
create index audit_chain_id on audit_chain (tenant_id, id);
-- Lists go by the time of the event, so that a range of it is a range of an index beside every filter.
create index audit_chain_time on audit_chain (tenant_id, occurred_at, seq);
create index audit_chain_actor on audit_chain (tenant_id, actor, occurred_at, seq);
create index audit_chain_resource on audit_chain (tenant_id, resource_type, resource_id, occurred_at, seq);
create index audit_chain_action on audit_chain (tenant_id, action, occurred_at, seq);
create index audit_chain_unsuccessful on audit_chain (tenant_id, outcome, occurred_at, seq) where outcome <> 'succeeded';
create index audit_chain_trace on audit_chain (tenant_id, trace_id, seq) where trace_id is not null;
create index audit_chain_ip on audit_chain (tenant_id, ip, occurred_at, seq) where ip is not null;
alter table audit_chain enable row level security;
alter table audit_chain force row level security;
create policy tenant on audit_chain to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert on audit_chain to {{app}};

create table audit_chain_default partition of audit_chain default;
alter table audit_chain_default enable row level security;
alter table audit_chain_default force row level security;

-- Partitions from this month on, as maintain_audit_partitions makes them for the local log.
create function maintain_audit_chain_partitions(months_ahead integer) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare
  first_day timestamptz := pg_catalog.date_trunc('month', pg_catalog.now(), 'UTC');
  starts timestamptz;
  ends timestamptz;
  partition_name text;
begin
  for month in 0 .. months_ahead loop
    starts := (first_day at time zone 'UTC' + pg_catalog.make_interval(months => month)) at time zone 'UTC';
    ends := (first_day at time zone 'UTC' + pg_catalog.make_interval(months => month + 1)) at time zone 'UTC';
    partition_name := 'audit_chain_' || pg_catalog.to_char(starts at time zone 'UTC', 'YYYYMM');
    continue when pg_catalog.to_regclass('{{schema}}.' || partition_name) is not null;
    begin
      execute pg_catalog.format('create table {{schema}}.%I partition of {{schema}}.audit_chain for values from (%L) to (%L)',
        partition_name, starts, ends);
      execute pg_catalog.format('alter table {{schema}}.%I enable row level security', partition_name);
      execute pg_catalog.format('alter table {{schema}}.%I force row level security', partition_name);
    exception when check_violation then
      raise warning 'audit rows of % stay in the default partition', partition_name;
    end;
  end loop;
end
$$;
revoke all on function maintain_audit_chain_partitions(integer) from public;
grant execute on function maintain_audit_chain_partitions(integer) to {{app}};
select maintain_audit_chain_partitions(3);

-- Signed statements about the end of the chain.
create table audit_checkpoints (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  from_seq bigint not null,
  to_seq bigint not null,
  last_hash bytea not null,
  signed_at timestamptz(3) not null,
  kid text collate "C" not null,
  signature text collate "C" not null,
  primary key (tenant_id, id),
  check (from_seq <= to_seq)
);
comment on table audit_checkpoints is 'class: tenant';
create unique index audit_checkpoints_end on audit_checkpoints (tenant_id, to_seq);
alter table audit_checkpoints enable row level security;
alter table audit_checkpoints force row level security;
create policy tenant on audit_checkpoints to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert on audit_checkpoints to {{app}};

-- Where the sealer has work, and nothing else: tenants with unsealed rows, or with rows that have waited too long for a checkpoint.
create function audit_tenants_to_seal(opened_before timestamptz) returns table (tenant_id uuid)
  language sql stable security definer set search_path = ''
  as $$
    with recursive waiting as (
      (select a.tenant_id from {{schema}}.audit_arrivals a order by a.tenant_id limit 1)
      union all
      select (select a.tenant_id from {{schema}}.audit_arrivals a where a.tenant_id > w.tenant_id order by a.tenant_id limit 1)
        from waiting w where w.tenant_id is not null
    )
    select w.tenant_id from waiting w where w.tenant_id is not null
    union
    select h.tenant_id from {{schema}}.audit_heads h where h.open_since <= opened_before
  $$;
revoke all on function audit_tenants_to_seal(timestamptz) from public;
grant execute on function audit_tenants_to_seal(timestamptz) to {{app}};
alter function audit_tenants_to_seal(timestamptz) owner to {{search}};

-- How much waits to be sealed, counted up to a bound, and since when.
create function audit_unsealed(rows_max integer) returns table (unsealed bigint, oldest timestamptz)
  language sql stable security definer set search_path = ''
  as $$ select pg_catalog.count(*), pg_catalog.min(a.received_at)
          from (select received_at from {{schema}}.audit_arrivals limit rows_max) a $$;
revoke all on function audit_unsealed(integer) from public;
grant execute on function audit_unsealed(integer) to {{app}};
alter function audit_unsealed(integer) owner to {{search}};

-- Keys that sign what others verify long after, apart from those of tokens. Public keys are kept for ever.
create table verification_keys (
  kid text collate "C" not null primary key,
  use text collate "C" not null check (use in ('audit', 'access')),
  state text collate "C" not null check (state in ('active', 'retired')),
  public_jwk jsonb not null,
  private_sealed text collate "C" not null,
  created_at timestamptz not null default now(),
  retired_at timestamptz
);
comment on table verification_keys is 'class: global: the platform signs for all tenants';
-- Two processes that start at once make one key: the second insert finds this index.
create unique index verification_keys_one_active on verification_keys (use) where state = 'active';
alter table verification_keys enable row level security;
alter table verification_keys force row level security;
create policy global on verification_keys to {{app}} using ((select ctx_global())) with check ((select ctx_global()));
grant select, insert, update on verification_keys to {{app}};

-- What an administrator asked to take away: a part of the chain that begins and ends at checkpoints. Its rows are read when it is
-- downloaded.
create table audit_exports (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  state text collate "C" not null default 'pending' check (state in ('pending', 'ready', 'empty')),
  created_by text collate "C" not null,
  created_at timestamptz(3) not null,
  -- Asked for: whole checkpoints, from the first signed after the one time to the first signed at or after the other.
  signed_after timestamptz(3),
  signed_until timestamptz(3),
  from_seq bigint,
  to_seq bigint,
  ready_at timestamptz(3),
  primary key (tenant_id, id),
  check ((state = 'ready') = (from_seq is not null and to_seq is not null))
);
comment on table audit_exports is 'class: tenant';
alter table audit_exports enable row level security;
alter table audit_exports force row level security;
create policy tenant on audit_exports to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update on audit_exports to {{app}};
