-- The tenants this service has prepared, kept from idp.auth.tenant.v1.
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
create policy relay on tenants to {{relay}} using (true) with check (true);
create policy search on tenants for select to {{search}} using (true);
grant select, insert, update, delete on tenants to {{app}};
grant select on tenants to {{relay}};
grant select on tenants to {{search}};

-- Where background work starts: which tenants there are, and nothing else about them.
create function prepared_tenants() returns table (tenant_id uuid, slug text, status text, prepared_at timestamptz)
  language sql stable security definer set search_path = ''
  as $$ select t.tenant_id, t.slug, t.status, t.prepared_at from {{schema}}.tenants t order by t.prepared_at, t.tenant_id $$;
-- Rights first: the owner role cannot change them once the function belongs to the search role.
revoke all on function prepared_tenants() from public;
grant execute on function prepared_tenants() to {{app}};
alter function prepared_tenants() owner to {{search}};
