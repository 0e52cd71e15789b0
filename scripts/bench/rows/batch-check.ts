import { newId } from '@idp/contracts';
import { openAuthStage } from '../auth/auth-stage.ts';
import { callsAtRate } from '../driver.ts';
import type { Row } from '../row.ts';

const ratePerSecond = 50;
const limitMs = 10;
const permissions = ['auth:team:read', 'auth:team:update', 'auth:project:delete', 'auth:role:read'];

/** Auth §6: a hundred questions in one call. */
export const batchCheck: Row = {
  name: 'batch-check',
  suite: 'auth',
  async run({ rounds }) {
    await using stage = await openAuthStage();
    const { accessToken: token } = await stage.signIn(stage.accounts[0]!);
    const items = Array.from({ length: 100 }, (_, at) => ({
      id: String(at),
      permission: permissions[at % permissions.length]!,
      resource: { type: 'team', id: newId() },
    }));
    const ask = () =>
      stage.api.call({ method: 'POST', path: '/api/v1/auth/authz/batch-check', token, body: { items } });
    const { data } = JSON.parse(await ask()) as { data: { items: { allowed: boolean }[] } };
    if (!data.items.every(({ allowed }) => allowed)) throw new Error('the owner of a tenant may not act in it');
    await callsAtRate(ask, ratePerSecond, 2);
    const latency = await callsAtRate(ask, ratePerSecond, rounds > 3 ? 20 : 4);
    const at = (percent: number): number => latency.getValueAtPercentile(percent) / 1_000;
    return {
      name: 'batch-check',
      title: 'A hundred questions in one call over HTTP',
      figures: [],
      claims: [
        {
          text: `95 of 100 at ${ratePerSecond}/s, as part of ${limitMs} ms`,
          ratio: at(95) / limitMs,
          limit: 1,
          bound: 'at-most',
        },
      ],
      notes: [`p50 ${at(50).toFixed(1)} ms, p95 ${at(95).toFixed(1)} ms, p99 ${at(99).toFixed(1)} ms`],
    };
  },
};
