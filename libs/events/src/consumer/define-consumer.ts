import { findEventType, type EventMessage, type EventType } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { EventConfigurationError } from '../errors.ts';

/**
 * `key`: every event of an aggregate exactly in order, a missing version is waited for. `latest`: in any order, the handler
 * keeps the newest by `upsertLatest` and `deleteLatest`. `none`: events are independent.
 */
export type Ordering = 'key' | 'latest' | 'none';

/** An event as a handler sees it. */
export type ConsumedEvent<T extends EventType = EventType> = {
  [K in T]: {
    /** The same through resend, parking and redrive. */
    readonly id: string;
    readonly type: K;
    /** The service whose topic it lay on: no other may write there. */
    readonly producer: string;
    readonly tenantId: string;
    readonly aggregateId: string;
    /** Version of the aggregate; absent for facts without a row. */
    readonly version: number | undefined;
    /** RFC 3339. */
    readonly time: string;
    readonly subject: string | undefined;
    /** Acting principal, `user:<id>`. */
    readonly actor: string | undefined;
    readonly causationId: string | undefined;
    readonly correlationId: string;
    /** State emitted again on request: nothing new has happened. */
    readonly snapshot: boolean;
    readonly data: EventMessage<K>;
  };
}[T];

export interface HandlerContext {
  /** Aborts after the handler's time, or when the effect can no longer be committed. */
  readonly signal: AbortSignal;
  /** 1 for the first try. */
  readonly attempt: number;
}

interface ConsumerIdentity<T extends EventType> {
  /** `<service>.<purpose>`; its row in proto/topics.yaml gives it the right to read. */
  readonly name: string;
  /** Other types on the same topics are skipped, so that producers may add messages at any time. */
  readonly types: readonly T[];
  /** Where it begins when it has never run; default `start` (group), `now` (instance). */
  readonly from?: 'start' | 'now';
  /** Allows the topics of its own service. */
  readonly allowOwn?: boolean;
  /** Longest time of one handler; default 10 000. */
  readonly timeoutMs?: number;
}

type Handle<T extends EventType, DB> =
  /** Effects, events, audit rows of `tx` commit together with the mark that the event was handled. No external calls. */
  | {
      handle(tx: Tx<DB>, event: ConsumedEvent<T>, ctx: HandlerContext): Promise<void>;
      handleMany?: never;
    }
  /** All events of one tenant in a chunk at once, in order. Not with ordering `key`. */
  | {
      handle?: never;
      handleMany(tx: Tx<DB>, events: readonly ConsumedEvent<T>[], ctx: HandlerContext): Promise<void>;
    };

/** One member of the group receives an event; its effect happens exactly once. */
export type GroupConsumer<T extends EventType = EventType, DB = never> = ConsumerIdentity<T> &
  Handle<T, DB> & {
    readonly mode?: 'group';
    readonly ordering: Ordering;
    /** Deletes the read model of the tenant, before it is rebuilt from snapshots. */
    clear?(tx: Tx<DB>): Promise<void>;
  };

/** Every process receives every event; handlers touch memory only and may see an event twice. */
export interface InstanceConsumer<T extends EventType = EventType> extends ConsumerIdentity<T> {
  readonly mode: 'instance';
  readonly ordering: Ordering;
  handle(event: ConsumedEvent<T>, ctx: HandlerContext): Promise<void> | void;
  /** After every (re)join: load the base state again. No event is delivered before it resolves. */
  onReset(): Promise<void>;
  /** Once, when every record that lay in the topics at the first join has been handled. */
  onCaughtUp?(): void;
}

// Handlers are typed by the types they list; a list of consumers knows only that each fits itself.
// oxlint-disable-next-line typescript/no-explicit-any
export type ConsumerDefinition = GroupConsumer<any, any> | InstanceConsumer<any>;

/** Checks a consumer. Throws EventConfigurationError for an unknown type, a name without service, or an impossible ordering. */
export function defineConsumer<const T extends EventType, DB>(consumer: GroupConsumer<T, DB>): ConsumerDefinition;
export function defineConsumer<const T extends EventType>(consumer: InstanceConsumer<T>): ConsumerDefinition;
export function defineConsumer(consumer: ConsumerDefinition): ConsumerDefinition {
  const { name, types, ordering } = consumer;
  const wrong = (what: string): never => {
    throw new EventConfigurationError(`consumer ${name}: ${what}`);
  };
  if (!/^[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*$/.test(name)) wrong('its name is not <service>.<purpose>');
  if (types.length === 0) wrong('it lists no type');
  for (const type of types as readonly string[]) {
    if (findEventType(type) === undefined) wrong(`unknown type ${type}`);
  }
  if (!['key', 'latest', 'none'].includes(ordering)) wrong('it has no ordering');
  if (consumer.mode !== 'instance' && consumer.handleMany !== undefined && ordering === 'key') {
    wrong('ordering key needs handle: one event at a time');
  }
  return Object.freeze(consumer);
}

export function isInstanceConsumer(consumer: ConsumerDefinition): consumer is InstanceConsumer {
  return consumer.mode === 'instance';
}

/** Group of a consumer on every transport. */
export function groupOf(consumer: string): string {
  return `idp.${consumer}`;
}
