-- The context of the transaction. SQL functions without a SET clause are inlined into the policy's sub-select, which is
-- evaluated once per statement; everything they use is named with its schema instead.
create function ctx_tenant() returns uuid language sql stable parallel safe
  as $$ select nullif(pg_catalog.current_setting('app.tenant_id', true), '')::pg_catalog.uuid $$;

create function ctx_global() returns boolean language sql stable parallel safe
  as $$ select coalesce(pg_catalog.current_setting('app.global', true), '') = 'on' $$;

revoke all on function ctx_tenant(), ctx_global() from public;
grant execute on function ctx_tenant(), ctx_global() to {{app}}, {{relay}}, {{search}};
