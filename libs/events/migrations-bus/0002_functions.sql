-- What services may do on the bus. session_user is the login of the caller: inside SECURITY DEFINER current_user is the owner.

-- Appends records to one topic in the order given. Partition rows are locked in order, offsets are dense, and a reader sees
-- next_offset and the records below it at the same moment.
create function {{schema}}.append(in_topic text, in_parts integer[], in_keys text[], in_headers text[], in_payloads bytea[]) returns void
language plpgsql security definer set search_path = '' as $$
declare
  topic_owner name;
begin
  select t.owner_role into topic_owner from {{schema}}.topics t where t.name = in_topic;
  if topic_owner is null then
    raise exception 'unknown topic %', in_topic using errcode = 'UB001';
  end if;
  if topic_owner <> session_user then
    raise exception 'role % may not write to topic %', session_user, in_topic using errcode = 'UB002';
  end if;
  perform from {{schema}}.partitions p where p.topic = in_topic and p.part = any (in_parts) order by p.part for update;
  with input as (
    select i.part, i.key, i.headers, i.payload, i.at, row_number() over (partition by i.part order by i.at) - 1 as ahead
    from unnest(in_parts, in_keys, in_headers, in_payloads) with ordinality as i (part, key, headers, payload, at)
  ), base as (
    update {{schema}}.partitions p set next_offset = p.next_offset + c.records
    from (select i.part, count(*) as records from input i group by i.part) c
    where p.topic = in_topic and p.part = c.part
    returning p.part, p.next_offset - c.records as first
  )
  insert into {{schema}}.records (topic, part, "offset", key, headers, payload)
  select in_topic, i.part, b.first + i.ahead, i.key, i.headers, i.payload from input i join base b using (part) order by i.at;
end $$;

-- Gives a group a place in every partition of its topics. Places it has stay.
create function {{schema}}.join_group(in_group text, in_topics text[], in_from text) returns void
language plpgsql security definer set search_path = '' as $$
declare
  missing text;
begin
  select t into missing from unnest(in_topics) t
  where not exists (select from {{schema}}.readers r where r."group" = in_group and r.topic = t and r.role = session_user) limit 1;
  if missing is not null then
    raise exception 'role % may not read topic % as group %', session_user, missing, in_group using errcode = 'UB003';
  end if;
  insert into {{schema}}.group_offsets ("group", topic, part, "offset")
  select in_group, p.topic, p.part, case in_from when 'now' then p.next_offset else 0 end
  from {{schema}}.partitions p where p.topic = any (in_topics)
  on conflict do nothing;
end $$;

-- Which of these groups are behind. plpgsql keeps its plan, SQL functions make a new one at each call.
create function {{schema}}.pending(in_groups text[]) returns table (group_name text)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query select g from unnest(in_groups) g where exists (
    select from {{schema}}.group_offsets o join {{schema}}.partitions p on p.topic = o.topic and p.part = o.part
    where o."group" = g and o."offset" < p.next_offset
      and exists (select from {{schema}}.readers r where r."group" = g and r.topic = o.topic and r.role = session_user));
end $$;

-- Takes one partition in which the group is behind and nobody else works, for as long as the transaction lasts, and reads
-- its next records. Locking and reading are two statements: the second one's snapshot is as fresh as the lock.
-- One row without record says that the records up to end_offset are gone (retention).
create function {{schema}}.take(in_group text, in_limit integer)
returns table (taken_topic text, taken_part integer, end_offset bigint, record_offset bigint, record_key text, record_headers text, record_payload bytea)
language plpgsql volatile security definer set search_path = '' as $$
declare
  taken record;
begin
  select o.topic, o.part, o."offset", p.next_offset into taken
  from {{schema}}.group_offsets o join {{schema}}.partitions p on p.topic = o.topic and p.part = o.part
  where o."group" = in_group and o."offset" < p.next_offset
    and exists (select from {{schema}}.readers r where r."group" = in_group and r.topic = o.topic and r.role = session_user)
  order by random() limit 1
  for update of o skip locked;
  if not found then
    return;
  end if;
  return query
  select taken.topic, taken.part, taken.next_offset, r."offset", r.key, r.headers, r.payload from {{schema}}.records r
  where r.topic = taken.topic and r.part = taken.part and r."offset" >= taken."offset"
  order by r."offset" limit in_limit;
  if not found then
    return query select taken.topic, taken.part, taken.next_offset, null::bigint, null::text, null::text, null::bytea;
  end if;
end $$;

-- Records from an offset on. Readers of a topic in any group may call it.
create function {{schema}}.fetch(in_topic text, in_part integer, in_offset bigint, in_limit integer)
returns table (record_offset bigint, record_key text, record_headers text, record_payload bytea)
language plpgsql stable security definer set search_path = '' as $$
begin
  if not exists (select from {{schema}}.readers a where a.topic = in_topic and a.role = session_user) then
    raise exception 'role % may not read topic %', session_user, in_topic using errcode = 'UB003';
  end if;
  return query
  select r."offset", r.key, r.headers, r.payload from {{schema}}.records r
  where r.topic = in_topic and r.part = in_part and r."offset" >= in_offset
  order by r."offset" limit in_limit;
end $$;

-- Moves the offset of a claimed partition; it never moves back.
create function {{schema}}.commit(in_group text, in_topic text, in_part integer, in_offset bigint) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  update {{schema}}.group_offsets o set "offset" = in_offset
  where o."group" = in_group and o.topic = in_topic and o.part = in_part and o."offset" < in_offset
    and exists (select from {{schema}}.readers r where r."group" = in_group and r.topic = in_topic and r.role = session_user);
  return found;
end $$;

-- Partitions in which the group has records before it, and how many.
create function {{schema}}.lag(in_group text) returns table (in_topic text, in_part integer, records bigint)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select o.topic, o.part, p.next_offset - o."offset"
  from {{schema}}.group_offsets o join {{schema}}.partitions p on p.topic = o.topic and p.part = o.part
  where o."group" = in_group and o."offset" < p.next_offset
    and exists (select from {{schema}}.readers r where r."group" = o."group" and r.topic = o.topic and r.role = session_user);
end $$;

-- End of every partition, for readers that keep their place in memory. A topic the caller may not read is an error.
create function {{schema}}.heads(in_topics text[]) returns table (in_topic text, in_part integer, next_offset bigint)
language plpgsql stable security definer set search_path = '' as $$
declare
  missing text;
begin
  select t into missing from unnest(in_topics) t
  where not exists (select from {{schema}}.readers r where r.topic = t and r.role = session_user) limit 1;
  if missing is not null then
    raise exception 'role % may not read topic %', session_user, missing using errcode = 'UB003';
  end if;
  return query select p.topic, p.part, p.next_offset from {{schema}}.partitions p where p.topic = any (in_topics);
end $$;

create function {{schema}}.owned_topics() returns table (topic_name text, partition_count integer)
language sql stable security definer set search_path = '' as $$
  select t.name, t.partitions from {{schema}}.topics t where t.owner_role = session_user
$$;

-- Deletes up to in_limit records of the caller's topics that are past their retention, or superseded in a compacted topic,
-- or tombstones past their retention. Returns how many: call again while it returns in_limit.
create function {{schema}}.retain(in_limit integer) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  gone integer;
begin
  with leaving as (
    select r.topic, r.part, r."offset" from {{schema}}.topics t join {{schema}}.records r on r.topic = t.name
    where t.owner_role = session_user and (
      (t.cleanup = 'delete' and r.created_at < now() - make_interval(hours => t.retention_hours))
      or (t.cleanup = 'compact' and (
        (r.payload is null and r.created_at < now() - make_interval(hours => t.retention_hours))
        or exists (select from {{schema}}.records n
          where n.topic = r.topic and n.part = r.part and n.key = r.key and n."offset" > r."offset"))))
    limit in_limit
  )
  delete from {{schema}}.records r using leaving l where r.topic = l.topic and r.part = l.part and r."offset" = l."offset";
  get diagnostics gone = row_count;
  return gone;
end $$;

revoke all on all functions in schema {{schema}} from public;
