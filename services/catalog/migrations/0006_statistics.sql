-- The planner knows nothing of rows that came a moment ago and would join thousands of them in nested loops until autovacuum has looked at
-- them. A sync that wrote many asks for fresh statistics; only the owner may gather them.
create function refresh_statistics() returns void
  language plpgsql security definer set search_path = ''
  as $$
begin
  analyze {{schema}}.refs, {{schema}}.entities, {{schema}}.claims, {{schema}}.documents, {{schema}}.edges, {{schema}}.services,
    {{schema}}.term_keys, {{schema}}.term_values, {{schema}}.terms;
end
$$;
revoke all on function refresh_statistics() from public;
grant execute on function refresh_statistics() to {{app}};
