import { createCredentialVerifier, remotePorts, type RevocationSource } from '@idp/auth';
import { openAuthStage } from '../auth/auth-stage.ts';
import { callsAtRate } from '../driver.ts';
import type { Row } from '../row.ts';

const ratePerSecond = 1_000;
const p95LimitMs = 5;
/** Every how many-th call comes with a key that the process does not know. */
const missEvery = 5;
const ip = '203.0.113.7';

/** Auth §6: API keys at a service, a fifth of which it has to ask auth about. */
export const keyVerify: Row = {
  name: 'key-verify',
  suite: 'auth',
  async run({ rounds }) {
    await using stage = await openAuthStage();
    const seconds = rounds > 3 ? 10 : 3;
    const warmSeconds = 2;
    const known = (await stage.makeKeys(500)).map(({ text }) => text);
    const unknown = (await stage.makeKeys((ratePerSecond / missEvery) * (seconds + warmSeconds) + 1)).map(
      ({ text }) => text,
    );
    const counts = { hit: 0, miss: 0, form: 0 };
    const silent: RevocationSource = { subscribe: () => undefined } as unknown as RevocationSource;
    const ports = { ...remotePorts({ authUrl: stage.url, serviceKey: stage.serviceKey }), revocations: silent };
    const verifier = createCredentialVerifier({
      issuer: 'http://localhost:8080',
      audience: 'idp',
      ports: ports as Parameters<typeof createCredentialVerifier>[0]['ports'],
      onKeyLookup: (result) => (counts[result] += 1),
    });
    for (const key of known) await verifier.verify(key, { ip });
    let turn = 0;
    const verifyOne = () => {
      turn += 1;
      const key = turn % missEvery === 0 ? unknown.pop()! : known[turn % known.length]!;
      return verifier.verify(key, { ip });
    };
    await callsAtRate(verifyOne, ratePerSecond, warmSeconds);
    Object.assign(counts, { hit: 0, miss: 0 });
    const latency = await callsAtRate(verifyOne, ratePerSecond, seconds);
    const at = (percent: number): number => latency.getValueAtPercentile(percent) / 1_000;
    const missed = counts.miss / (counts.hit + counts.miss);
    return {
      name: 'key-verify',
      title: 'API keys at a service, a fifth of them asked about at auth',
      figures: [],
      claims: [
        {
          text: `95 of 100 at ${ratePerSecond.toLocaleString('en')}/s, as part of ${p95LimitMs} ms`,
          ratio: at(95) / p95LimitMs,
          limit: 1,
          bound: 'at-most',
        },
      ],
      notes: [
        `${(missed * 100).toFixed(0)} % were not known to the process`,
        `p50 ${at(50).toFixed(2)} ms, p90 ${at(90).toFixed(1)} ms, p95 ${at(95).toFixed(1)} ms, p99 ${at(99).toFixed(1)} ms; services and load on the same cores`,
      ],
    };
  },
};
