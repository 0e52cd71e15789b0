-- The first start prints a token; whoever redeems it makes the first owner.
alter table one_time_tokens drop constraint one_time_tokens_kind_check;
alter table one_time_tokens add constraint one_time_tokens_kind_check check (kind in ('invitation', 'setup'));
