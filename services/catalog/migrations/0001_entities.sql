-- The heart of the catalog: numbered refs, entities, and the head that orders every change of a tenant.
--
-- Numbers. Every entity ref ever seen in a tenant (also the target of a relation that dangles) has a number `no`, dense from 1,
-- never reused. Everything else points at entities by `no`. New numbers are max(no) + 1 under the transaction lock
-- `catalog:<tenant>:numbers`, which a writer takes before any row lock; `heads` is locked last. So writers cannot deadlock.

create table heads (
  tenant_id uuid not null default ctx_tenant(),
  -- Number of the newest row in `changes`. Raised by the last statement of a write; its row lock makes seq gapless and equal to commit order.
  seq bigint not null default 0,
  -- One above the highest committed refs.no: how large a bit set over entity numbers must be.
  next_no integer not null default 1,
  -- Version of kinds and relation pairs; part of every documents.input_hash, so a changed model reprocesses.
  model_version integer not null default 1,
  primary key (tenant_id)
);
comment on table heads is 'class: tenant';
alter table heads enable row level security;
alter table heads force row level security;
create policy tenant on heads to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on heads to {{app}};

create table refs (
  tenant_id uuid not null default ctx_tenant(),
  no integer not null check (no > 0),
  -- Canonical entity ref, `kind:namespace/name` in lower case.
  ref text collate "C" not null,
  -- The uid the ref got when it first became an entity; kept over deletion and return. Null while it is only pointed at.
  entity_id uuid,
  -- Highest revision ever given; a returning entity counts on from here.
  last_revision integer not null default 0,
  primary key (tenant_id, no)
);
comment on table refs is 'class: tenant';
create unique index refs_ref on refs (tenant_id, ref);
create unique index refs_entity_id on refs (tenant_id, entity_id) where entity_id is not null;
alter table refs enable row level security;
alter table refs force row level security;
create policy tenant on refs to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on refs to {{app}};

create table entities (
  tenant_id uuid not null default ctx_tenant(),
  no integer not null,
  -- metadata.uid
  id uuid not null,
  -- kind, namespace, name and title in lower case, for lookup and sorting by code point; the document keeps the casing as written.
  kind text collate "C" not null,
  namespace text collate "C" not null,
  name text collate "C" not null,
  title text collate "C",
  -- JSON text of {apiVersion, kind, metadata, spec, …} in that order, metadata.uid and metadata.etag included.
  -- Without `relations` (joined from edges at read) and without `status` (next column); it ends in `}`, so both can be spliced in.
  document text not null,
  -- Hash of the document and its own relations; equals metadata.etag.
  etag text collate "C" not null,
  revision integer not null check (revision > 0),
  -- JSON array of Backstage status items, null when there are none.
  status text,
  -- Team whose scope the entity lies in (annotation idp/team-id of its owner group); null = the tenant.
  scope_team_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by text not null,
  updated_by text not null,
  -- A deleted entity keeps its row (last document) but has no terms and no current edges of its own.
  deleted_at timestamptz,
  deleted_by text,
  primary key (tenant_id, no),
  foreign key (tenant_id, no) references refs (tenant_id, no)
);
comment on table entities is 'class: tenant';
create unique index entities_id on entities (tenant_id, id);
create index entities_kind_name on entities (tenant_id, kind, name, no) where deleted_at is null;
alter table entities enable row level security;
alter table entities force row level security;
create policy tenant on entities to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on entities to {{app}};
