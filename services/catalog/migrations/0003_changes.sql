-- The dense change stream of a tenant: seq 1, 2, 3 … in commit order, one row per revision of an entity.
-- Monthly partitions; the default partition catches what lies outside, so an insert never fails.
create table changes (
  tenant_id uuid not null default ctx_tenant(),
  seq bigint not null,
  no integer not null,
  op text collate "C" not null check (op in ('created', 'updated', 'deleted')),
  revision integer not null,
  -- Numbers of the other entities whose relations this change adds or removes.
  related integer[] not null default '{}',
  at timestamptz not null default now(),
  primary key (tenant_id, seq, at)
) partition by range (at);
comment on table changes is 'class: tenant';
alter table changes enable row level security;
alter table changes force row level security;
create policy tenant on changes to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert on changes to {{app}};

create table changes_default partition of changes default;
alter table changes_default enable row level security;
alter table changes_default force row level security;
