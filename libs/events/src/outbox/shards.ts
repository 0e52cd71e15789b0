/** Rows of the outbox are spread over this many shards by key; it is part of the tables and never changes. */
export const outboxShards = 8;
