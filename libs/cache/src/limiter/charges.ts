import { createHash } from 'node:crypto';
import type { Charge } from './gcra.ts';
import type { RateCharge } from './limit-store.ts';
import { spacingOf } from './rate-policy.ts';

const keyMax = 128;
const tagForm = /^[A-Za-z0-9._:-]{1,64}$/;
let lastTag = '';

/**
 * Charges as stores count them, under the keys `idp:rl:{<tag>}:<policy>:<key>`: the tag in braces keeps the keys of one call on one
 * server. Throws TypeError for a cost above the burst, for one key twice and for a tag that is no plain text.
 */
export function chargesOf(tag: string, rated: readonly RateCharge[], replicas = 1): Charge[] {
  if (tag !== lastTag && !tagForm.test(tag)) throw new TypeError('a limiter tag is 1 to 64 letters, digits and ._:-');
  lastTag = tag;
  const charges: Charge[] = [];
  for (const one of rated) {
    refuseTwice(one, rated);
    charges.push(chargeOf(tag, one, replicas));
  }
  return charges;
}

function chargeOf(tag: string, { policy, key, cost = policy.cost }: RateCharge, replicas: number): Charge {
  if (cost > policy.burst || cost < 1 || !Number.isSafeInteger(cost)) {
    throw new TypeError(`${policy.name}: a call cannot cost ${cost} of ${policy.burst}`);
  }
  const { interval, capacity } = replicas === 1 ? policy.spacing : spacingOf(policy, replicas);
  return {
    key: `idp:rl:{${tag}}:${policy.name}:${key.length <= keyMax ? key : shortened(key)}`,
    interval,
    capacity,
    // The part of one replica may be smaller than the whole burst.
    cost: Math.min(cost * interval, capacity),
  };
}

function refuseTwice(one: RateCharge, rated: readonly RateCharge[]): void {
  for (const other of rated) {
    if (other === one) return;
    if (other.key === one.key && other.policy.name === one.policy.name) {
      throw new TypeError(`one call is charged to one key of ${one.policy.name} twice`);
    }
  }
}

function shortened(key: string): string {
  return `%${createHash('sha256').update(key).digest('base64url')}`;
}
