/** Which way bytes go: `up` from the client to the server, `down` back. */
export type Direction = 'up' | 'down';

/** What a link does to its connections, those that are open and those to come, until it is healed. */
export type Fault =
  /** Every piece arrives `delayMs` later, give or take up to `jitterMs`, in order. */
  | { kind: 'latency'; delayMs: number; jitterMs?: number; direction?: Direction }
  /** At most this many bytes a second arrive. */
  | { kind: 'drip'; bytesPerSecond: number; direction?: Direction }
  /** Open connections are reset, new ones refused. */
  | { kind: 'cut' }
  /**
   * Nothing arrives and nobody is told, as when a cable is pulled: open connections stay open, new ones are accepted and lead
   * nowhere. What was sent arrives when the link is healed. With `direction` only one way is silent.
   */
  | { kind: 'silent'; direction?: Direction }
  /** Each piece that passes resets its connection with this probability. */
  | { kind: 'reset'; probability: number };

/** True when the fault touches bytes that go this way. */
export function concerns(fault: Fault | undefined, direction: Direction): boolean {
  if (fault === undefined) return false;
  return !('direction' in fault) || fault.direction === undefined || fault.direction === direction;
}
