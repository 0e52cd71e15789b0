import { expect } from 'vitest';
import { outcome, refresh, signIn, statusAtCatalog, type Person } from './caller.ts';
import { openCompany } from './company.ts';
import { patient, runJob, type Place } from './place.ts';

const path = '/api/v1/auth/signing-keys';

interface SigningKey {
  kid: string;
  state: string;
}

async function stateOf(operator: Person, kid: string): Promise<string | undefined> {
  const keys: SigningKey[] = (await operator.auth.get(`${path}?limit=100`)).body.data;
  return keys.find((key) => key.kid === kid)?.state;
}

const kidOf = ({ token }: Person): string =>
  (JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { kid: string }).kid;

/** Calls with tokens of one signing key until it is told to stop; answers what was refused. */
function underLoad(place: Place, person: Person): { stop(): Promise<{ done: number; refused: unknown[] }> } {
  const refused: unknown[] = [];
  let done = 0;
  let going = true;
  let { refreshToken } = person;
  const steps = [
    async () => person.auth.get('/api/v1/auth/me'),
    async () => person.catalog.get('/api/v1/services?limit=1'),
    async () => {
      const answer = await refresh(place, refreshToken);
      refreshToken = answer.body.data?.refreshToken;
      return answer;
    },
  ];
  const loops = steps.map(async (step) => {
    while (going) {
      const answer = await step().catch((error: Error) => error);
      done += 1;
      if (answer instanceof Error) refused.push(String(answer));
      else if (answer.status !== 200) refused.push(outcome(answer));
    }
  });
  return {
    async stop() {
      going = false;
      await Promise.all(loops);
      return { done, refused };
    },
  };
}

/** Auth §8.10. What a day does is done by hand: the next key has been published for so long when it signs. */
export async function expectKeysToChangeUnderLoad(place: Place): Promise<void> {
  const { owner } = await openCompany(place);
  const before = await signIn(place, owner.account);
  const old = kidOf(before);
  const operator = await signIn(place, place.operator);
  const load = underLoad(place, await signIn(place, owner.account));
  const rotated = await operator.auth.post(`${path}/rotate`);
  expect(rotated.status, rotated.text).toBe(200);
  const { kid } = rotated.body.data;
  expect(await stateOf(operator, kid)).toBe('next');
  await place.sql.query(
    "update auth.signing_keys set created_at = created_at - interval '2 days' where state in ('next', 'active')",
  );
  await runJob(place, 'rotate-signing-keys');
  await expect.poll(() => stateOf(operator, kid), patient).toBe('active');
  expect(await stateOf(operator, old)).toBe('retiring');
  const after = await signIn(place, owner.account);
  expect(kidOf(after)).toBe(kid);
  await expect.poll(() => statusAtCatalog(after), patient).toBe(200);
  const { done, refused } = await load.stop();
  expect(refused).toEqual([]);
  expect(done).toBeGreaterThan(0);
  expect(await statusAtCatalog(before)).toBe(200);

  const again = await signIn(place, place.operator);
  expect((await again.auth.post(`${path}/${old}/revoke`, { reason: 'a backup was lost' })).status).toBe(204);
  await expect.poll(() => statusAtCatalog(before), patient).toBe(401);
  expect((await before.auth.get('/api/v1/auth/me')).status).toBe(401);
  expect(await statusAtCatalog(after)).toBe(200);
  expect((await refresh(place, before.refreshToken)).status).toBe(200);
}
