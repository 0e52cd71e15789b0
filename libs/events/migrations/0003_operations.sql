-- What operators do about events: when a dead letter was closed, and every try made of it by hand.
alter table dead_letters add column closed_at timestamptz;
alter table dead_letters add column history jsonb not null default '[]';
create index dead_letters_listed on dead_letters (tenant_id, first_at, id);
create index dead_letters_closed on dead_letters (closed_at) where status <> 'open';
create index parked_events_listed on parked_events (tenant_id, first_failed_at, event_id);
