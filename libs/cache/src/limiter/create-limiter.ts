import type { Metrics } from '@idp/telemetry';
import { tally } from '../tally.ts';
import type { LimitStore, RateCharge, StoreAnswer } from './limit-store.ts';

/** What one policy says of one key. */
export interface RateState {
  /** Name of the policy. */
  policy: string;
  /** Units that would pass now. */
  remaining: number;
  /** Until the whole burst is there again. */
  resetAfterMs: number;
  /** Until what was asked for would pass; 0 where it does. */
  retryAfterMs: number;
}

/** The answer to one call; its own members are those of the policy that decides: the one nearest to exhaustion, or the one to wait for longest. */
export interface RateDecision extends RateState {
  allowed: boolean;
  /** One for each charge, in their order. */
  states: readonly RateState[];
}

/** Counts calls against rate policies, on Redis for all processes together or in memory. Nothing here rejects because of Redis. */
export interface Limiter {
  /**
   * Takes units from all charges, or from none where one of them refuses. Keys of one call lie together under `tag`.
   * Throws TypeError for a cost above the burst and for a key named twice.
   */
  consume(tag: string, charges: readonly RateCharge[]): Promise<RateDecision>;
  /** What `consume` would answer; takes nothing. */
  peek(tag: string, charges: readonly RateCharge[]): Promise<RateDecision>;
  /** Counts each charge by itself as if it were enforced (outcomes `allowed` and `shadow_denied`), and refuses nothing. */
  observe(tag: string, charges: readonly RateCharge[]): Promise<void>;
  /** Gives the units of an allowed `consume` back, once. */
  refund(decision: RateDecision): Promise<void>;
}

export interface CreateLimiterOptions {
  store: LimitStore;
  metrics: Metrics;
  /** False lets everything pass and counts nothing; for load tests. */
  enforced?: boolean;
}

/** Up to the 50 ms after which memory decides, and what waiting for that takes. */
const storeBuckets = [0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1];

/** How a decision is undone; with the decision itself, since a weak map of a million entries costs more than everything else. */
const give = Symbol('give');
type Taken = RateDecision & { [give]?: () => Promise<void> };

export function createLimiter({ store, metrics, enforced = true }: CreateLimiterOptions): Limiter {
  const decisions = metrics.counter('rate_limit_decisions_total', 'Calls charged to a rate policy', [
    'policy',
    'outcome',
  ]);
  metrics.gauge('rate_limit_fallback', 'Decisions made in memory because Redis was away', [], function () {
    this.set(store.fallbacks());
  });
  const seconds = metrics.histogram('rate_limit_store_seconds', 'What one decision took', [], storeBuckets);
  const tallies = new Map<string, () => void>();

  function count(policy: string, outcome: 'allowed' | 'denied' | 'shadow_denied'): void {
    const key = `${outcome} ${policy}`;
    let known = tallies.get(key);
    if (known === undefined) {
      known = tally(decisions, { policy, outcome });
      tallies.set(key, known);
    }
    known();
  }

  async function ask(step: 'consume' | 'peek', tag: string, charges: readonly RateCharge[]): Promise<StoreAnswer> {
    const startedAt = performance.now();
    const answer = await store.apply(step, tag, charges);
    seconds.observe((performance.now() - startedAt) / 1_000);
    return answer;
  }

  async function decide(step: 'consume' | 'peek', tag: string, charges: readonly RateCharge[]): Promise<Taken> {
    if (charges.length === 0) throw new TypeError('a call is charged to one policy or more');
    if (!enforced) return unlimited(charges);
    const answer = await ask(step, tag, charges);
    const decision = describe(answer, charges);
    if (step === 'consume') {
      for (const { policy, retryAfterMs } of decision.states) {
        if (retryAfterMs > 0) count(policy, 'denied');
        else if (answer.allowed) count(policy, 'allowed');
      }
      if (answer.allowed) decision[give] = answer.refund;
    }
    return decision;
  }

  return {
    consume: (tag, charges) => decide('consume', tag, charges),
    peek: (tag, charges) => decide('peek', tag, charges),
    async observe(tag, charges) {
      if (!enforced) return;
      for (const charge of charges) {
        const { allowed } = await ask('consume', tag, [charge]);
        count(charge.policy.name, allowed ? 'allowed' : 'shadow_denied');
      }
    },
    async refund(decision) {
      const taken: Taken = decision;
      const back = taken[give];
      delete taken[give];
      await back?.();
    },
  };
}

function describe(answer: StoreAnswer, charges: readonly RateCharge[]): Taken {
  const states: RateState[] = [];
  let deciding: RateState | undefined;
  for (let index = 0; index < charges.length; index += 1) {
    const state = stateOf(answer, index, charges[index]!.policy.name);
    states.push(state);
    if (deciding === undefined || isTighter(state, deciding, answer.allowed)) deciding = state;
  }
  const { policy, remaining, resetAfterMs, retryAfterMs } = deciding!;
  return { allowed: answer.allowed, policy, remaining, resetAfterMs, retryAfterMs, states };
}

function stateOf({ allowed, now, tats, charges }: StoreAnswer, index: number, policy: string): RateState {
  const { interval, capacity, cost } = charges[index]!;
  const ahead = tats[index]! - now;
  return {
    policy,
    remaining: Math.floor((capacity - ahead) / interval),
    resetAfterMs: Math.ceil(ahead / 1_000),
    retryAfterMs: allowed ? 0 : Math.ceil(Math.max(0, ahead + cost - capacity) / 1_000),
  };
}

function isTighter(one: RateState, other: RateState, allowed: boolean): boolean {
  return allowed ? one.remaining < other.remaining : one.retryAfterMs > other.retryAfterMs;
}

function unlimited(charges: readonly RateCharge[]): RateDecision {
  const states = charges.map(({ policy }) => ({
    policy: policy.name,
    remaining: policy.burst,
    resetAfterMs: 0,
    retryAfterMs: 0,
  }));
  return { allowed: true, ...states[0]!, states };
}
