-- The last thing said of a key's end: so many days before, or 0 once it is over.
alter table api_keys add column announced_days smallint check (announced_days in (14, 3, 1, 0));
create index api_keys_ending on api_keys (tenant_id, expires_at) where revoked_at is null and announced_days is distinct from 0;
