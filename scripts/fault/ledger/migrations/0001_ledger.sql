-- Balances are opening - debited + credited: the debit commits with the transfer, the credit by its event.
create table accounts (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  opening bigint not null,
  debited bigint not null default 0,
  credited bigint not null default 0,
  version bigint not null default 0,
  primary key (tenant_id, id)
);
comment on table accounts is 'class: tenant';
alter table accounts enable row level security;
alter table accounts force row level security;
create policy tenant on accounts to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on accounts to {{app}};

-- One row per transfer that happened. The operation is the client's; nothing here keeps it from appearing twice: the checker looks.
create table transfers (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  operation text collate "C" not null,
  from_account uuid not null,
  to_account uuid not null,
  amount bigint not null,
  sequence bigint not null,
  event_id uuid not null,
  primary key (tenant_id, id)
);
comment on table transfers is 'class: tenant';
alter table transfers enable row level security;
alter table transfers force row level security;
create policy tenant on transfers to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on transfers to {{app}};

-- One row per effect of a consumer, in the order of the effects. Nothing keeps an event from appearing twice: the checker looks.
create table effects (
  tenant_id uuid not null default ctx_tenant(),
  no bigint generated always as identity (cache 1),
  consumer text collate "C" not null,
  event_id uuid not null,
  transfer_id uuid not null,
  account uuid not null,
  sequence bigint not null,
  primary key (tenant_id, no)
);
comment on table effects is 'class: tenant';
alter table effects enable row level security;
alter table effects force row level security;
create policy tenant on effects to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on effects to {{app}};

-- Projection of the catalog's entities.
create table entities (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  version bigint not null,
  deleted_at timestamptz,
  entity_ref text collate "C",
  document text,
  primary key (tenant_id, id)
);
comment on table entities is 'class: tenant';
alter table entities enable row level security;
alter table entities force row level security;
create policy tenant on entities to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on entities to {{app}};
