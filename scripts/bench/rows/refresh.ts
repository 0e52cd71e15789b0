import { openAuthStage, type AuthStage } from '../auth/auth-stage.ts';
import { callsAtRate } from '../driver.ts';
import { callsPerSecond, median } from '../in-process.ts';
import type { Row } from '../row.ts';

const ratePerSecond = 300;
const p95LimitMs = 25;
const inFlight = 16;

/** Refreshes one session after the other, each with the token of its refresh before. */
async function refresher({ api, accounts, signIn }: AuthStage, sessions: number): Promise<() => Promise<void>> {
  const tokens: string[] = [];
  for (let at = 0; at < sessions; at += 1) tokens.push((await signIn(accounts[at % accounts.length]!)).refreshToken);
  return async () => {
    const refreshToken = tokens.shift();
    if (refreshToken === undefined) throw new Error('every session is being refreshed');
    const text = await api.call({ method: 'POST', path: '/api/v1/auth/refresh', body: { refreshToken } });
    tokens.push((JSON.parse(text) as { data: { refreshToken: string } }).data.refreshToken);
  };
}

/** Auth §6: the next pair of tokens of a session, beside a change of one row of the same database. */
export const refresh: Row = {
  name: 'refresh',
  suite: 'auth',
  async run({ rounds }) {
    await using stage = await openAuthStage();
    const refreshOne = await refresher(stage, 400);
    const keys = await stage.makeKeys(1_000);
    let turn = 0;
    const updateOne = () => {
      const { id } = keys[(turn += 1) % keys.length]!;
      return stage.database.tenant(stage.tenantId).write(
        (tx) =>
          tx.db
            .updateTable('api_keys')
            .set({ name: `n${turn}` })
            .where('id', '=', id)
            .execute(),
        {
          unaudited: 'the peer of a bench',
        },
      );
    };
    const calls = rounds > 3 ? 3_000 : 1_000;
    const rates = { refresh: [] as number[], update: [] as number[] };
    for (let round = 0; round <= rounds; round += 1) {
      const refreshes = await callsPerSecond(refreshOne, { calls, inFlight });
      const updates = await callsPerSecond(updateOne, { calls, inFlight });
      if (round === 0) continue;
      rates.refresh.push(refreshes);
      rates.update.push(updates);
    }
    const latency = await callsAtRate(refreshOne, ratePerSecond, rounds > 3 ? 20 : 4);
    const at = (percent: number): number => latency.getValueAtPercentile(percent) / 1_000;
    const [refreshes, updates] = [median(rates.refresh), median(rates.update)];
    return {
      name: 'refresh',
      title: 'The next tokens of a session, over HTTP',
      figures: [],
      claims: [
        {
          text: 'refreshes a second against changes of one row in a tenant',
          ratio: refreshes / updates,
          limit: 0.5,
          bound: 'at-least',
        },
        {
          text: `95 of 100 at ${ratePerSecond}/s, as part of ${p95LimitMs} ms`,
          ratio: at(95) / p95LimitMs,
          limit: 1,
          bound: 'at-most',
        },
      ],
      notes: [
        `${refreshes.toFixed(0)} refreshes/s, ${updates.toFixed(0)} changes/s, ${inFlight} callers each`,
        `at ${ratePerSecond}/s: p50 ${at(50).toFixed(1)} ms, p95 ${at(95).toFixed(1)} ms, p99 ${at(99).toFixed(1)} ms`,
      ],
    };
  },
};
