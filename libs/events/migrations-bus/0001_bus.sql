-- The event bus on PostgreSQL. Services hold no right on these tables: they call the functions, which compare session_user
-- with the owner of the topic or with the readers of the group (current_user is the owner inside SECURITY DEFINER).
create table topics (
  name text collate "C" primary key,
  partitions integer not null check (partitions between 1 and 512),
  owner_role name not null,
  retention_hours integer not null check (retention_hours > 0),
  cleanup text collate "C" not null check (cleanup in ('delete', 'compact'))
);
comment on table topics is 'class: platform';

create table partitions (
  topic text collate "C" not null references topics (name) on delete cascade,
  part integer not null,
  next_offset bigint not null default 0,
  primary key (topic, part)
) with (fillfactor = 50);
comment on table partitions is 'class: platform';

create table records (
  topic text collate "C" not null,
  part integer not null,
  "offset" bigint not null,
  key text collate "C" not null,
  headers text not null,
  payload bytea,
  created_at timestamptz not null default now(),
  primary key (topic, part, "offset")
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
comment on table records is 'class: platform';
create index records_created on records (topic, created_at);

create table readers (
  "group" text collate "C" not null,
  topic text collate "C" not null references topics (name) on delete cascade,
  role name not null,
  primary key ("group", topic, role)
);
comment on table readers is 'class: platform';

create table group_offsets (
  "group" text collate "C" not null,
  topic text collate "C" not null,
  part integer not null,
  "offset" bigint not null,
  primary key ("group", topic, part),
  foreign key (topic, part) references partitions (topic, part) on delete cascade
) with (fillfactor = 50);
comment on table group_offsets is 'class: platform';
create index group_offsets_partition on group_offsets (topic, part);
