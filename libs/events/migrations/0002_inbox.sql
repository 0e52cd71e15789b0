-- Which events a consumer has dealt with. The row commits with the effect: that is what makes the effect happen once.
create table inbox (
  tenant_id uuid not null default ctx_tenant(),
  consumer text collate "C" not null,
  event_id uuid not null,
  outcome text collate "C" not null check (outcome in ('applied', 'skipped', 'parked', 'dead')),
  processed_at timestamptz not null default now(),
  primary key (tenant_id, consumer, event_id)
);
comment on table inbox is 'class: platform';
create index inbox_processed on inbox (processed_at);
alter table inbox enable row level security;
alter table inbox force row level security;
create policy tenant on inbox to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
create policy relay on inbox to {{relay}} using (true) with check (true);
grant select, insert, update on inbox to {{app}};
grant select, delete on inbox to {{relay}};

-- Last version of an aggregate that an order-keeping consumer has dealt with.
create table stream_cursors (
  tenant_id uuid not null default ctx_tenant(),
  consumer text collate "C" not null,
  key text collate "C" not null,
  sequence bigint not null,
  primary key (tenant_id, consumer, key)
) with (fillfactor = 80);
comment on table stream_cursors is 'class: platform';
alter table stream_cursors enable row level security;
alter table stream_cursors force row level security;
create policy tenant on stream_cursors to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
create policy relay on stream_cursors to {{relay}} using (true) with check (true);
grant select, insert, update, delete on stream_cursors to {{app}};
grant select, delete on stream_cursors to {{relay}};

-- Events that wait: for another try, for an earlier event of their key, or for a version that has not arrived.
create table parked_events (
  tenant_id uuid not null default ctx_tenant(),
  consumer text collate "C" not null,
  key text collate "C" not null,
  event_id uuid not null,
  sequence bigint,
  topic text collate "C" not null,
  part integer not null,
  "offset" bigint not null,
  headers text not null,
  payload bytea,
  attempts integer not null default 0,
  next_at timestamptz not null,
  last_code text collate "C" not null,
  last_error text not null,
  first_failed_at timestamptz not null default now(),
  primary key (tenant_id, consumer, key, event_id)
);
comment on table parked_events is 'class: platform';
create index parked_events_due on parked_events (consumer, next_at);
create index parked_events_head on parked_events (tenant_id, consumer, key, sequence);
alter table parked_events enable row level security;
alter table parked_events force row level security;
create policy tenant on parked_events to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
create policy relay on parked_events to {{relay}} using (true) with check (true);
grant select, insert, update, delete on parked_events to {{app}};
grant select, update, delete on parked_events to {{relay}};

-- Events that failed for good, with what is needed to try again. A payload above 1 MiB is cut to its first 64 KiB.
create table dead_letters (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  consumer text collate "C" not null,
  topic text collate "C" not null,
  part integer not null,
  "offset" bigint not null,
  type text collate "C",
  key text collate "C" not null,
  sequence bigint,
  event_id uuid not null,
  headers text not null,
  payload bytea,
  payload_bytes integer not null,
  payload_sha256 bytea,
  error_code text collate "C" not null,
  message text not null,
  fingerprint text collate "C" not null,
  attempts integer not null,
  first_at timestamptz not null,
  last_at timestamptz not null default now(),
  status text collate "C" not null default 'open' check (status in ('open', 'redriven', 'discarded')),
  closed_by text,
  reason text,
  primary key (tenant_id, id)
);
comment on table dead_letters is 'class: platform';
create unique index dead_letters_event on dead_letters (tenant_id, consumer, event_id) where status = 'open';
create index dead_letters_key on dead_letters (tenant_id, consumer, key) where status = 'open';
create index dead_letters_open on dead_letters (consumer) where status = 'open';
alter table dead_letters enable row level security;
alter table dead_letters force row level security;
create policy tenant on dead_letters to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
create policy relay on dead_letters to {{relay}} using (true) with check (true);
grant select, insert, update on dead_letters to {{app}};
grant select, delete on dead_letters to {{relay}};

-- Crash counter: at which offset a consumer began, and how often it did so without an outcome.
create table partition_starts (
  consumer text collate "C" not null,
  topic text collate "C" not null,
  part integer not null,
  "offset" bigint not null,
  starts integer not null,
  primary key (consumer, topic, part)
);
comment on table partition_starts is 'class: platform';
alter table partition_starts enable row level security;
alter table partition_starts force row level security;
create policy relay on partition_starts to {{relay}} using (true) with check (true);
grant select, insert, update, delete on partition_starts to {{relay}};

create table consumer_states (
  consumer text collate "C" primary key,
  paused boolean not null default false,
  rebuilding boolean not null default false,
  changed_by text not null,
  changed_at timestamptz not null default now()
);
comment on table consumer_states is 'class: platform';
alter table consumer_states enable row level security;
alter table consumer_states force row level security;
create policy relay on consumer_states to {{relay}} using (true) with check (true);
grant select, insert, update on consumer_states to {{relay}};
