-- One key waits for its turn at a time: two replicas that rotate at once publish one.
create unique index signing_keys_one_next on signing_keys (state) where state = 'next';
