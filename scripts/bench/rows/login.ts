import { argon2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { openAuthStage } from '../auth/auth-stage.ts';
import { callsAtRate } from '../driver.ts';
import { callsPerSecond, median } from '../in-process.ts';
import type { Row } from '../row.ts';

const ratePerSecond = 20;
const p95LimitMs = 200;
/** What one auth process computes at once. */
const hashesAtOnce = 4;

const derive = promisify(argon2);

/** One hash as a sign-in computes it with the defaults. */
const hashOnce = (): Promise<Buffer> =>
  derive('argon2id', {
    message: randomBytes(24),
    nonce: randomBytes(16),
    parallelism: 1,
    tagLength: 32,
    memory: 19_456,
    passes: 2,
  });

/** Auth §6: a sign-in with a password, beside its hash alone. */
export const login: Row = {
  name: 'login',
  suite: 'auth',
  async run({ rounds }) {
    await using stage = await openAuthStage();
    let turn = 0;
    const signIn = () => stage.signIn(stage.accounts[(turn += 1) % stage.accounts.length]!);
    const calls = rounds > 3 ? 300 : 100;
    const rates = { login: [] as number[], hash: [] as number[] };
    for (let round = 0; round <= rounds; round += 1) {
      const login = await callsPerSecond(signIn, { calls, inFlight: 2 * hashesAtOnce });
      const hash = await callsPerSecond(hashOnce, { calls, inFlight: hashesAtOnce });
      if (round === 0) continue;
      rates.login.push(login);
      rates.hash.push(hash);
    }
    const latency = await callsAtRate(signIn, ratePerSecond, rounds > 3 ? 30 : 5);
    const p95 = latency.getValueAtPercentile(95) / 1_000;
    const [logins, hashes] = [median(rates.login), median(rates.hash)];
    return {
      name: 'login',
      title: 'Sign-in with a password: argon2id of 19 MiB and two passes',
      figures: [],
      claims: [
        { text: 'sign-ins a second against hashes alone', ratio: logins / hashes, limit: 0.8, bound: 'at-least' },
        {
          text: `95 of 100 at ${ratePerSecond}/s, as part of ${p95LimitMs} ms`,
          ratio: p95 / p95LimitMs,
          limit: 1,
          bound: 'at-most',
        },
      ],
      notes: [
        `${logins.toFixed(0)} sign-ins/s with 8 callers, ${hashes.toFixed(0)} hashes/s alone, ${hashesAtOnce} at once each`,
        `at ${ratePerSecond}/s: p50 ${(latency.getValueAtPercentile(50) / 1_000).toFixed(0)} ms, p95 ${p95.toFixed(0)} ms, p99 ${(latency.getValueAtPercentile(99) / 1_000).toFixed(0)} ms`,
      ],
    };
  },
};
