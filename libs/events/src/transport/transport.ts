import type { RecordHeaders } from '../envelope/headers.ts';

/** A record on its way to a topic. */
export interface OutgoingRecord {
  readonly topic: string;
  readonly key: string;
  readonly headers: RecordHeaders;
  /** null is a tombstone: the key is gone (compacted topics). */
  readonly value: Uint8Array | null;
}

/** A record as it lies in its topic. */
export interface StoredRecord {
  readonly topic: string;
  readonly part: number;
  readonly offset: number;
  /** null only in records of foreign producers. */
  readonly key: string | null;
  readonly headers: RecordHeaders;
  readonly value: Uint8Array | null;
}

/**
 * What became of the records of one topic in one request. `retry`: nothing is known to be stored, send them again in the same
 * order. `refused`: the transport will never take at least one of them; a request of one record says which.
 */
export type PublishOutcome =
  | { readonly status: 'ok' }
  | {
      readonly status: 'retry';
      readonly reason: string;
      /** Nothing answers: this is no fault of the topic, and `probe` tells when to try again. */
      readonly away?: boolean;
    }
  | { readonly status: 'refused'; readonly reason: string };

/** Some records of one partition, in offset order. */
export interface RecordChunk {
  readonly topic: string;
  readonly part: number;
  readonly records: readonly StoredRecord[];
  /** Keeps the ownership of the partition alive and notices when it is gone; at least every 3 s while working, and before a commit. */
  heartbeat(): Promise<void>;
  /** True when the ownership is gone: nothing may be committed any more. */
  isStale(): boolean;
  /** Aborts when the ownership is gone or the subscription closes past its deadline. */
  readonly signal: AbortSignal;
}

export interface GroupSubscription {
  readonly mode: 'group';
  /** `idp.<service>.<purpose>`: members of one group share its partitions and its offsets. */
  readonly group: string;
  readonly topics: readonly string[];
  /** Takes no chunk before `resume`. */
  readonly paused?: boolean;
  /** Where a group without offsets begins. */
  readonly from: 'start' | 'now';
  /** Resolves when the effect is committed: only then the offset moves. A rejection leaves it; the chunk comes again. */
  onChunk(chunk: RecordChunk): Promise<void>;
}

export interface InstanceSubscription {
  readonly mode: 'instance';
  readonly topics: readonly string[];
  readonly from: 'start' | 'now';
  /** After every (re)join, before the first record; delivery waits for it. */
  onReset(): Promise<void>;
  onChunk(chunk: RecordChunk): Promise<void>;
  /** Once, when every record that lay in the topics at the join has been delivered. */
  onCaughtUp?(): void;
}

export interface Subscription {
  /** Takes no further chunk until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends after the chunk in hand, or after `deadlineMs`: then its signal aborts and its offset stays. */
  close(deadlineMs: number): Promise<void>;
}

/** How far a group is behind in one partition. */
export interface PartitionLag {
  readonly group: string;
  readonly topic: string;
  readonly part: number;
  readonly records: number;
}

/**
 * The port between events and what carries them. Every transport delivers at least once, keeps the order of a partition, and
 * puts a key into partition toPositive(murmur2(key)) mod partitions. `test/transport-contract.ts` is its definition.
 */
export interface EventTransport {
  /** Appends in order, one outcome per topic. Resolves also when topics fail; `signal` ends the waiting, not the effect. */
  publish(records: readonly OutgoingRecord[], signal: AbortSignal): Promise<ReadonlyMap<string, PublishOutcome>>;
  /** Rejects with EventConfigurationError for a missing or unreadable topic. */
  subscribe(subscription: GroupSubscription | InstanceSubscription): Promise<Subscription>;
  /** Partitions in which the group is behind; exact at rest. */
  lag(group: string): Promise<readonly PartitionLag[]>;
  /** Names of the topics this service may write. */
  topics(): Promise<readonly string[]>;
  /** Of a transport that may be away while the database is there: resolves when it answers, rejects when it does not. */
  probe?(): Promise<void>;
  close(): Promise<void>;
}
