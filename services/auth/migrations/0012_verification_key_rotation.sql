-- A key is published a day before it signs, and verifies for ever after.
alter table verification_keys drop constraint verification_keys_state_check;
alter table verification_keys add constraint verification_keys_state_check check (state in ('next', 'active', 'retired'));
-- Null for a key that has signed since it was made.
alter table verification_keys add column activated_at timestamptz;
-- Of two processes that make the next key at once one does.
create unique index verification_keys_one_next on verification_keys (use) where state = 'next';
