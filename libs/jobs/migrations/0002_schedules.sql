-- When a schedule is due next: one row for the platform tenant, or one for each tenant of a schedule per tenant.
create table schedules (
  tenant_id uuid not null default ctx_tenant(),
  name text collate "C" not null,
  -- What next_at was reckoned from; a release that changes it reckons anew.
  cron text not null,
  timezone text not null,
  next_at timestamptz not null,
  last_at timestamptz,
  paused boolean not null default false,
  primary key (tenant_id, name)
) with (fillfactor = 80);
comment on table schedules is 'class: platform';
create index schedules_due on schedules (next_at) where not paused;
alter table schedules enable row level security;
alter table schedules force row level security;
create policy tenant on schedules to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
create policy relay on schedules to {{relay}} using (true) with check (true);
grant select, update on schedules to {{app}};
grant select, insert, update, delete on schedules to {{relay}};
