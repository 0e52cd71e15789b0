-- A place that is there is not inserted again: a second insert would wait for whoever is about to move it, a frozen process for
-- instance, and no other process of its service could start meanwhile.
create or replace function {{schema}}.join_group(in_group text, in_topics text[], in_from text) returns void
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
  from {{schema}}.partitions p
  where p.topic = any (in_topics)
    and not exists (
      select from {{schema}}.group_offsets o where o."group" = in_group and o.topic = p.topic and o.part = p.part
    )
  on conflict do nothing;
end $$;
