-- Where entities come from: sources, the documents read from them, registered locations, and the claims documents lay on refs.

create table sources (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  kind text collate "C" not null
    check (kind in ('api', 'directory-service', 'location', 'directory', 'url', 'git', 'github', 'gitlab', 'plugin')),
  -- Unique per kind: `api`; the directory as configured; `type:target` of a registered location.
  name text collate "C" not null,
  -- JSON text, per kind; no secrets.
  config text not null default '{}',
  secret_id uuid,
  state text collate "C" not null default 'active' check (state in ('active', 'paused', 'failing')),
  -- JSON array of {kind, type?}; null = every kind.
  allowed_kinds text,
  -- Validator of the last complete read: commit, ETag or Last-Modified.
  last_head text,
  last_synced_at timestamptz,
  failures integer not null default 0,
  last_error text,
  -- Entities the last complete listing would have deleted but for the mass-deletion guard; 0 = nothing is held.
  held_deletes integer not null default 0,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by text not null,
  updated_by text not null,
  primary key (tenant_id, id)
);
comment on table sources is 'class: tenant';
create unique index sources_name on sources (tenant_id, kind, name);
alter table sources enable row level security;
alter table sources force row level security;
create policy tenant on sources to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on sources to {{app}};

-- One row per YAML document of a file (or per entity written by API), also for those in error.
create table documents (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  source_id uuid not null,
  -- Path below the directory, URL, or for the api source the entity ref.
  path text collate "C" not null,
  index integer not null,
  -- SHA-256 of the whole file, and of the document after placeholders together with the model version.
  blob_hash text collate "C" not null,
  input_hash text collate "C" not null,
  state text collate "C" not null check (state in ('ok', 'error')),
  -- Entity the document describes, when its ref could be read.
  no integer,
  -- What is wrong, for state error: text, short reason, and the position in the file (1-based).
  error text,
  reason text collate "C",
  line integer,
  col integer,
  -- Files or URLs taken in through $text, $json, $yaml.
  includes text[] not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, source_id) references sources (tenant_id, id) on delete cascade,
  check (state = 'ok' or error is not null)
);
comment on table documents is 'class: tenant';
create unique index documents_position on documents (tenant_id, source_id, path, index);
create index documents_errors on documents (tenant_id, source_id, path, index) where state = 'error';
create index documents_no on documents (tenant_id, no) where no is not null;
alter table documents enable row level security;
alter table documents force row level security;
create policy tenant on documents to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on documents to {{app}};

create table locations (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  type text collate "C" not null,
  target text collate "C" not null,
  presence text collate "C" not null default 'required' check (presence in ('required', 'optional')),
  -- `location:default/generated-<SHA-1 of type:target>` of the target it was registered with; kept when the target is changed.
  entity_ref text collate "C" not null,
  source_id uuid not null,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by text not null,
  updated_by text not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, source_id) references sources (tenant_id, id)
);
comment on table locations is 'class: tenant';
create unique index locations_target on locations (tenant_id, type, target);
create index locations_entity_ref on locations (tenant_id, entity_ref);
create unique index locations_source on locations (tenant_id, source_id);
alter table locations enable row level security;
alter table locations force row level security;
create policy tenant on locations to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on locations to {{app}};

-- One row per (ref, source, location): who describes an entity. The oldest is active, later ones are shadowed and take over when it goes.
-- An orphan is the last claim of an entity whose document is gone; the entity is deleted when the grace time after orphaned_at is over.
create table claims (
  tenant_id uuid not null default ctx_tenant(),
  id uuid not null,
  no integer not null,
  source_id uuid not null,
  -- `url:…`, `file:…` or `api:…`: the file, as in backstage.io/managed-by-location.
  location_ref text collate "C" not null,
  -- As in backstage.io/managed-by-origin-location: the registered location or configured directory it was reached from.
  origin_ref text collate "C" not null,
  kind text collate "C" not null default 'document' check (kind in ('document', 'overlay')),
  state text collate "C" not null check (state in ('active', 'shadowed', 'orphan')),
  priority integer not null default 0,
  -- JSON text of the document as given, placeholders resolved, without what the server adds.
  raw text not null,
  hash text collate "C" not null,
  -- The Location entity that led here.
  parent_no integer,
  commit_sha text collate "C",
  orphaned_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by text not null,
  updated_by text not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, no) references refs (tenant_id, no),
  foreign key (tenant_id, source_id) references sources (tenant_id, id),
  check ((state = 'orphan') = (orphaned_at is not null))
);
comment on table claims is 'class: tenant';
create unique index claims_origin on claims (tenant_id, no, source_id, location_ref);
create index claims_location on claims (tenant_id, source_id, location_ref);
create index claims_orphans on claims (tenant_id, orphaned_at) where state = 'orphan';
-- One active or orphaned document per entity, held by the database.
create unique index claims_active on claims (tenant_id, no) where kind = 'document' and state in ('active', 'orphan');
alter table claims enable row level security;
alter table claims force row level security;
create policy tenant on claims to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on claims to {{app}};
