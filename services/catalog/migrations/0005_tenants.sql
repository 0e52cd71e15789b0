-- The tenants this service has prepared, kept from idp.auth.tenant.v1. Background work starts from this list, all tenants at once,
-- hence the second policy.
create table tenants (
  tenant_id uuid not null default ctx_tenant(),
  slug text collate "C" not null,
  status text collate "C" not null check (status in ('active', 'suspended', 'deleted')),
  version bigint not null,
  prepared_at timestamptz not null default now(),
  primary key (tenant_id)
);
comment on table tenants is 'class: platform';
alter table tenants enable row level security;
alter table tenants force row level security;
create policy tenant on tenants to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
create policy relay on tenants to {{relay}} using (true);
grant select, insert, update, delete on tenants to {{app}};
grant select on tenants to {{relay}};
