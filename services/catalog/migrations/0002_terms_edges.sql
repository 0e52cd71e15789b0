-- What queries read: interned keys and values, postings, relations.

create table term_keys (
  tenant_id uuid not null default ctx_tenant(),
  id integer not null check (id > 0),
  -- Dotted path in lower case, array positions left out: `metadata.name`, `metadata.tags`, `metadata.tags.java`, `spec.type`.
  key text collate "C" not null,
  primary key (tenant_id, id)
);
comment on table term_keys is 'class: tenant';
create unique index term_keys_key on term_keys (tenant_id, key);
alter table term_keys enable row level security;
alter table term_keys force row level security;
create policy tenant on term_keys to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on term_keys to {{app}};

create table term_values (
  tenant_id uuid not null default ctx_tenant(),
  -- Ids start at 1. The id 0 has no row: it stands for "the key exists, its value is null or longer than 200 characters".
  id integer not null check (id > 0),
  -- As written (numbers and booleans as text); facets count these.
  original text collate "C" not null,
  -- original.toLowerCase() of ECMAScript; filters and sort orders compare these, by code point. Several originals may share one.
  folded text collate "C" not null,
  primary key (tenant_id, id)
);
comment on table term_values is 'class: tenant';
create unique index term_values_original on term_values (tenant_id, original);
create index term_values_folded on term_values (tenant_id, folded text_pattern_ops, id);
alter table term_values enable row level security;
alter table term_values force row level security;
create policy tenant on term_values to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on term_values to {{app}};

-- Postings: entity `no` has value `value_id` under key `key_id`. Rows exist for living entities only.
-- `relations.*` is never a term: relations are read from edges, in both directions.
-- Not indexed: attachments, status, relations, metadata.etag; keys longer than 200 characters.
create table terms (
  tenant_id uuid not null default ctx_tenant(),
  key_id integer not null,
  value_id integer not null,
  no integer not null,
  primary key (tenant_id, key_id, value_id, no)
);
comment on table terms is 'class: tenant';
create index terms_no on terms (tenant_id, no, key_id, value_id);
alter table terms enable row level security;
alter table terms force row level security;
create policy tenant on terms to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on terms to {{app}};

-- `src_no` has relation <forward type of pair> to `dst_no`, and `dst_no` has <reverse type> to `src_no`.
-- `origin_no` is the entity whose document says so (either end, seldom a third); two origins may say the same edge:
-- readers take the distinct (pair_id, src_no, dst_no). Either end may have no living entity (dangling).
-- Current rows have to_seq null; a row was true for changes from_seq <= seq < to_seq.
-- Pair ids (src/domain/model/relation-pairs.ts); ids from 100 belong to pairs a tenant defines:
--   1 ownedBy/ownerOf · 2 partOf/hasPart · 3 providesApi/apiProvidedBy · 4 consumesApi/apiConsumedBy
--   5 dependsOn/dependencyOf · 6 childOf/parentOf · 7 memberOf/hasMember
create table edges (
  tenant_id uuid not null default ctx_tenant(),
  origin_no integer not null,
  pair_id smallint not null,
  src_no integer not null,
  dst_no integer not null,
  from_seq bigint not null,
  to_seq bigint check (to_seq > from_seq),
  primary key (tenant_id, origin_no, pair_id, src_no, dst_no, from_seq)
);
comment on table edges is 'class: tenant';
create index edges_src on edges (tenant_id, src_no, pair_id, dst_no) where to_seq is null;
create index edges_dst on edges (tenant_id, dst_no, pair_id, src_no) where to_seq is null;
create index edges_origin on edges (tenant_id, origin_no) where to_seq is null;
alter table edges enable row level security;
alter table edges force row level security;
create policy tenant on edges to {{app}} using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert, update, delete on edges to {{app}};
