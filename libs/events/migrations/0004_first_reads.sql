-- Partitions a consumer has read before. One it meets for the first time may have lost its beginning to retention.
create table first_reads (
  consumer text collate "C" not null,
  topic text collate "C" not null,
  part integer not null,
  first_offset bigint not null,
  read_at timestamptz not null default now(),
  primary key (consumer, topic, part)
);
comment on table first_reads is 'class: platform';
alter table first_reads enable row level security;
alter table first_reads force row level security;
create policy relay on first_reads to {{relay}} using (true) with check (true);
grant select, insert on first_reads to {{relay}};
