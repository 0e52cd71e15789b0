-- Work to be done. seq is the order of enqueueing: the next job of a serial key is the one with the lowest, so its cache must stay 1.
create table jobs (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  seq bigint not null generated always as identity (cache 1),
  queue text collate "C" not null,
  state text collate "C" not null check (state in ('waiting', 'scheduled', 'ready', 'running', 'dead')),
  -- The lowest goes first among the jobs of one tenant.
  priority smallint not null default 0,
  run_at timestamptz not null default now(),
  -- Runs that failed; runs that died with their process are counted apart and use up no attempt.
  attempts integer not null default 0,
  crashes integer not null default 0,
  -- It was there when a process died: it runs under watch, until a run of it ends in any other way.
  suspect boolean not null default false,
  -- The run may have begun. One that was only claimed ahead is not blamed for the death of its process.
  begun boolean not null default false,
  -- Grows with every change of owner: what a former owner writes finds no row.
  fence bigint not null default 0,
  lease_owner text collate "C",
  lease_until timestamptz,
  dedup_key text collate "C",
  serial_key text collate "C",
  payload jsonb not null,
  -- Arrived while the job ran: it runs once more, with this.
  next_payload jsonb,
  next_run_at timestamptz,
  progress jsonb,
  error_code text collate "C",
  last_error text,
  -- Who asked for it: actor, correlation, cause, trace.
  origin jsonb,
  created_at timestamptz not null default now(),
  cancel_requested_at timestamptz,
  dead_at timestamptz,
  primary key (tenant_id, id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
comment on table jobs is 'class: platform';
create index jobs_ready on jobs (queue, tenant_id, priority, run_at, id) where state = 'ready';
create index jobs_scheduled on jobs (run_at) where state = 'scheduled';
create index jobs_running on jobs (lease_until) where state = 'running';
create index jobs_waiting on jobs (tenant_id, queue, serial_key, seq) where state = 'waiting';
create index jobs_dead on jobs (dead_at) where state = 'dead';
create unique index jobs_dedup on jobs (tenant_id, queue, dedup_key) where dedup_key is not null and state <> 'dead';
create unique index jobs_serial on jobs (tenant_id, queue, serial_key)
  where serial_key is not null and state in ('scheduled', 'ready', 'running');
alter table jobs enable row level security;
alter table jobs force row level security;
create policy tenant on jobs to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
create policy relay on jobs to {{relay}} using (true) with check (true);
grant select, insert, update, delete on jobs to {{app}};
grant select, insert, update, delete on jobs to {{relay}};
