import { openRevocationStage, type RevokedThing } from '../revocation-stage.ts';
import type { Claim, Row } from '../row.ts';

const things: RevokedThing[] = ['role', 'member', 'session', 'key', 'tenant', 'signing key'];

/** Keys of the platform are revoked when one has leaked: 5 s. */
function claimsOf(thing: RevokedThing, p50: number, p99: number): Claim[] {
  const claim = (what: string, ms: number, limitMs: number): Claim => ({
    text: `${thing}: ${what} refused within, as part of ${limitMs} ms`,
    ratio: ms / limitMs,
    limit: 1,
    bound: 'at-most',
  });
  if (thing === 'signing key') return [claim('99 of 100', p99, 5_000)];
  return [claim('half', p50, 150), claim('99 of 100', p99, 1_000)];
}

/** What is taken away at auth until a service in another process refuses it, over Kafka. */
export const revocation: Row = {
  name: 'revocation',
  suite: 'auth',
  async run({ rounds }) {
    await using stage = await openRevocationStage('kafka');
    const count = rounds > 3 ? 200 : 20;
    const claims: Claim[] = [];
    const notes: string[] = [];
    for (const thing of things) {
      const times: number[] = [];
      await stage.trial(thing);
      for (let trial = 0; trial < count; trial += 1) times.push(await stage.trial(thing));
      times.sort((a, b) => a - b);
      const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))]!;
      const [p50, p99] = [at(0.5), at(0.99)];
      claims.push(...claimsOf(thing, p50, p99));
      notes.push(`${thing}: p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, worst ${times.at(-1)!.toFixed(0)} ms`);
    }
    return {
      name: 'revocation',
      title: 'Taken away at auth, refused by a service in another process, over Kafka',
      figures: [],
      claims,
      notes: [...notes, `${count} trials each, from the answer to whoever took it away to the first refusal`],
    };
  },
};
