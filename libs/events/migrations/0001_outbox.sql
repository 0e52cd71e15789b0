-- Events on their way out. The application appends in the transaction that made the fact true; the relay reads and deletes.
-- seq is taken while the aggregate's row is locked, so that for one key seq order is commit order: its cache must stay 1.
create table outbox (
  seq bigint generated always as identity (cache 1) primary key,
  tenant_id uuid not null default ctx_tenant(),
  shard smallint not null check (shard between 0 and 7),
  event_id uuid not null,
  topic text collate "C" not null,
  key text collate "C" not null,
  headers text not null,
  payload bytea,
  created_at timestamptz not null default now()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
comment on table outbox is 'class: platform';
create index outbox_shard on outbox (shard, seq);
alter table outbox enable row level security;
alter table outbox force row level security;
create policy tenant on outbox to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
create policy relay on outbox to {{relay}} using (true) with check (true);
grant insert on outbox to {{app}};
grant select, delete on outbox to {{relay}};

-- One row per shard for ever: its lock is the right to publish the shard's rows.
create table outbox_shards (
  shard smallint primary key check (shard between 0 and 7),
  published bigint not null default 0,
  published_at timestamptz
) with (fillfactor = 50);
comment on table outbox_shards is 'class: platform';
-- Before row security is forced: then not even the owner sees a row.
insert into outbox_shards (shard) select generate_series(0, 7);
alter table outbox_shards enable row level security;
alter table outbox_shards force row level security;
create policy relay on outbox_shards to {{relay}} using (true) with check (true);
grant select, update on outbox_shards to {{relay}};

-- Rows that no transport will ever take.
create table outbox_refused (
  seq bigint primary key,
  tenant_id uuid not null,
  shard smallint not null,
  event_id uuid not null,
  topic text collate "C" not null,
  key text collate "C" not null,
  headers text not null,
  payload bytea,
  created_at timestamptz not null,
  reason text not null,
  refused_at timestamptz not null default now()
);
comment on table outbox_refused is 'class: platform';
alter table outbox_refused enable row level security;
alter table outbox_refused force row level security;
create policy relay on outbox_refused to {{relay}} using (true) with check (true);
grant select, insert, delete on outbox_refused to {{relay}};
