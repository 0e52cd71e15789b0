create table audit_log (
  tenant_id uuid not null default ctx_tenant(),
  occurred_at timestamptz not null,
  id uuid not null,
  action text collate "C" not null,
  resource_type text collate "C" not null,
  resource_id text collate "C" not null,
  outcome text not null check (outcome in ('succeeded', 'denied', 'failed')),
  actor text collate "C" not null,
  on_behalf_of text,
  session_id text,
  ip text,
  user_agent text,
  request_id text,
  trace_id text,
  reason text,
  before jsonb,
  after jsonb,
  truncated boolean not null default false,
  primary key (tenant_id, occurred_at, id)
) partition by range (occurred_at);
comment on table audit_log is 'class: tenant';
create index audit_log_resource on audit_log (tenant_id, resource_type, resource_id, occurred_at);
alter table audit_log enable row level security;
alter table audit_log force row level security;
create policy tenant on audit_log to {{app}}
  using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert on audit_log to {{app}};

create table audit_log_default partition of audit_log default;
alter table audit_log_default enable row level security;
alter table audit_log_default force row level security;

-- Partitions from this month on. A month whose rows are already in the default partition stays there: under forced row
-- security the owner sees no rows and cannot move them.
create function maintain_audit_partitions(months_ahead integer) returns void
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
    partition_name := 'audit_log_' || pg_catalog.to_char(starts at time zone 'UTC', 'YYYYMM');
    continue when pg_catalog.to_regclass('{{schema}}.' || partition_name) is not null;
    begin
      execute pg_catalog.format('create table {{schema}}.%I partition of {{schema}}.audit_log for values from (%L) to (%L)',
        partition_name, starts, ends);
      execute pg_catalog.format('alter table {{schema}}.%I enable row level security', partition_name);
      execute pg_catalog.format('alter table {{schema}}.%I force row level security', partition_name);
    exception when check_violation then
      raise warning 'audit rows of % stay in the default partition', partition_name;
    end;
  end loop;
end
$$;
revoke all on function maintain_audit_partitions(integer) from public;
