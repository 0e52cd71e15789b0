import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { platformTenantId } from '@idp/contracts';
import { ValidationError } from '@idp/errors';
import type { SignedTenant, TestPerson } from '@idp/testing';
import { startShaky, type ShakyOptions, type Shaky } from '../shaky-service.ts';

const path = '/api/v1/catalog/ops/dead-letters';

/** The routes for single dead letters (events §2.10, §8 items 7, 9 and 10). */
export function deadLetters(carrier: string, options: () => Promise<ShakyOptions> = async () => ({})): void {
  describe(`on ${carrier}`, () => {
    let service: Shaky;
    let tenant: SignedTenant;
    let other: SignedTenant;
    let operator: TestPerson;

    beforeAll(async () => {
      service = await startShaky({ ordering: 'key', ...(await options()) });
      operator = await service.person(platformTenantId, 'tenant-owner');
    });
    afterAll(() => service[Symbol.asyncDispose]());
    beforeEach(async () => {
      service.script.handle = () => undefined;
      [tenant, other] = await Promise.all([service.tenant(), service.tenant()]);
    });

    const failOn = (aggregateId: string): void => {
      service.script.handle = (event) => {
        if (event.aggregateId === aggregateId) throw new ValidationError(`no ${event.aggregateId} 42 today`);
      };
    };

    /** Versions 1 to `last` of an aggregate, of which the first fails for good. */
    async function failing(aggregateId: string, last = 1, tenantId = tenant.id): Promise<string> {
      failOn(aggregateId);
      for (let version = 1; version <= last; version++) await service.send(tenantId, aggregateId, version);
      const letters = await list(tenantId === tenant.id ? tenant.admin : other.admin);
      return letters.find((letter) => letter.key === `${tenantId}:${aggregateId}`)!.id;
    }

    async function list(person: TestPerson, query = ''): Promise<{ id: string; key: string; attempts: number }[]> {
      const answer = await service.request('GET', `${path}${query}`, { token: person.token });
      expect(answer.status).toBe(200);
      return answer.body.data;
    }

    const post = (person: TestPerson, target: string, body?: unknown, headers: Record<string, string> = {}) =>
      service.request('POST', `${path}/${target}`, { token: person.token, body, headers });

    async function audited({ id }: SignedTenant): Promise<unknown[]> {
      const { rows } = await service.running.database
        .tenant(id)
        .read((tx) =>
          sql`select action, outcome, reason, actor, resource_id from audit_log order by occurred_at`.execute(tx.db),
        );
      return rows;
    }

    describe('a dead letter', () => {
      test('is listed without and shown with its payload', async () => {
        const id = await failing('a');
        const listed = await service.request('GET', path, { token: tenant.admin.token });
        expect(listed.body.data).toHaveLength(1);
        expect(listed.body.data[0]).toMatchObject({
          id,
          consumer: 'catalog.tenants',
          type: 'idp.auth.v1.TenantCreated',
          key: `${tenant.id}:a`,
          sequence: 1,
          errorCode: 'VALIDATION_ERROR',
          message: 'no a 42 today',
          attempts: 1,
          status: 'open',
          closedAt: null,
        });
        expect(listed.body.data[0]).not.toHaveProperty('payload');
        const shown = await service.request('GET', `${path}/${id}`, { token: tenant.admin.token });
        expect(shown.body.data).toMatchObject({
          id,
          payload: { tenantId: tenant.id, slug: 'a-1', name: 'a' },
          history: [],
        });
        expect(shown.body.data.headers.ce_type).toBe('idp.auth.v1.TenantCreated');
      });

      test('is found by each filter, page by page', async () => {
        const ids = [await failing('a'), await failing('b'), await failing('c')].toReversed();
        expect((await list(tenant.admin)).map((letter) => letter.id)).toEqual(ids);
        const first = await service.request('GET', `${path}?limit=2`, { token: tenant.admin.token });
        expect(first.body.data.map((letter: { id: string }) => letter.id)).toEqual(ids.slice(0, 2));
        const cursor = encodeURIComponent(first.body.meta.nextCursor);
        expect((await list(tenant.admin, `?limit=2&cursor=${cursor}`)).map(({ id }) => id)).toEqual(ids.slice(2));
        const elsewhere = await service.request('GET', `${path}?status=open&cursor=${cursor}`, {
          token: tenant.admin.token,
        });
        expect([elsewhere.status, elsewhere.body.error.code]).toEqual([400, 'INVALID_CURSOR']);
        const [letter] = (await service.request('GET', path, { token: tenant.admin.token })).body.data;
        const counts: Record<string, number> = {
          [`consumer=${letter.consumer}`]: 3,
          'consumer=catalog.none': 0,
          [`type=${letter.type}`]: 3,
          'errorCode=VALIDATION_ERROR': 3,
          'errorCode=DECODE_FAILED': 0,
          [`fingerprint=${letter.fingerprint}`]: 1,
          'status=open': 3,
          'status=discarded': 0,
          [`key=${tenant.id}:a`]: 1,
          [`from=${letter.firstFailedAt}`]: 1,
          [`to=${letter.firstFailedAt}`]: 2,
        };
        for (const [filter, count] of Object.entries(counts))
          expect([filter, await list(tenant.admin, `?${filter}`)]).toHaveProperty('1.length', count);
      });

      test('redriven runs its own handler, is closed, and its key goes on in order', async () => {
        const id = await failing('a', 4);
        expect(await service.effects(tenant.id)).toEqual([]);
        const still = await post(tenant.admin, `${id}/redrive`);
        expect([still.status, still.body.data]).toEqual([
          200,
          { outcome: 'failed', error: { code: 'VALIDATION_ERROR', message: 'no a 42 today' } },
        ]);
        expect(await service.effects(tenant.id)).toEqual([]);
        expect(await list(tenant.admin, '?status=open')).toMatchObject([{ id, attempts: 2 }]);
        service.script.handle = () => undefined;
        const answer = await post(tenant.admin, `${id}/redrive`);
        expect([answer.status, answer.body.data]).toEqual([200, { outcome: 'applied' }]);
        await service.running.events.drain();
        expect(await service.effects(tenant.id)).toEqual(['a@1', 'a@2', 'a@3', 'a@4']);
        const again = await post(tenant.admin, `${id}/redrive`);
        expect([again.status, again.body.error.code]).toEqual([409, 'INVALID_STATE']);
        const { data } = (await service.request('GET', `${path}/${id}`, { token: tenant.admin.token })).body;
        const actor = `user:${tenant.admin.id}`;
        expect(data).toMatchObject({ status: 'redriven', closedBy: actor, attempts: 3 });
        expect(data.history).toMatchObject([
          { actor, outcome: 'failed', code: 'VALIDATION_ERROR' },
          { actor, outcome: 'applied' },
        ]);
        expect(await audited(tenant)).toMatchObject([
          { action: 'catalog:ops:redrive', outcome: 'failed', resource_id: id, actor },
          { action: 'catalog:ops:redrive', outcome: 'succeeded', resource_id: id, actor },
        ]);
      });

      test('redriven twice under one idempotency key runs once', async () => {
        const id = await failing('a');
        service.script.handle = () => undefined;
        const key = { 'idempotency-key': randomUUID() };
        const first = await post(tenant.admin, `${id}/redrive`, undefined, key);
        const second = await post(tenant.admin, `${id}/redrive`, undefined, key);
        expect([first.status, second.status, second.headers.get('idempotency-replayed')]).toEqual([200, 200, 'true']);
        expect(second.text).toBe(first.text);
        expect(await service.effects(tenant.id)).toEqual(['a@1']);
      });

      test('redriven by two at once runs once', async () => {
        const id = await failing('a');
        service.script.handle = () => undefined;
        const answers = await Promise.all([post(tenant.admin, `${id}/redrive`), post(tenant.owner, `${id}/redrive`)]);
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]));
        expect(await service.effects(tenant.id)).toEqual(['a@1']);
      });

      test('discarded leaves no effect and lets its key go on; the reason is kept', async () => {
        const id = await failing('a', 3);
        const refused = await post(tenant.admin, `${id}/discard`, {});
        expect([refused.status, refused.body.error.code]).toEqual([400, 'VALIDATION_ERROR']);
        service.script.handle = () => undefined;
        const answer = await post(tenant.admin, `${id}/discard`, { reason: 'a test' });
        expect([answer.status, answer.body.data]).toEqual([200, { id, status: 'discarded', reason: 'a test' }]);
        await service.running.events.drain();
        expect(await service.effects(tenant.id)).toEqual(['a@2', 'a@3']);
        expect((await post(tenant.admin, `${id}/discard`, { reason: 'again' })).status).toBe(409);
        expect((await post(tenant.admin, `${id}/redrive`)).status).toBe(409);
        expect(await audited(tenant)).toMatchObject([
          { action: 'catalog:ops:discard', reason: 'a test', resource_id: id },
        ]);
      });

      test('of another tenant does not exist for anyone', async () => {
        const id = await failing('a', 1, other.id);
        service.script.handle = () => undefined;
        for (const person of [tenant.admin, tenant.owner, operator]) {
          expect((await service.request('GET', `${path}/${id}`, { token: person.token })).status).toBe(404);
          expect((await post(person, `${id}/redrive`)).status).toBe(404);
          expect((await post(person, `${id}/discard`, { reason: 'mine' })).status).toBe(404);
          expect((await list(person)).map((letter) => letter.id)).not.toContain(id);
        }
        expect(await service.effects(other.id)).toEqual([]);
      });

      test('is nothing for members and viewers', async () => {
        const id = await failing('a');
        for (const person of [tenant.member, tenant.viewer]) {
          expect((await service.request('GET', path, { token: person.token })).status).toBe(403);
          expect((await service.request('GET', `${path}/${id}`, { token: person.token })).status).toBe(403);
          expect((await post(person, `${id}/redrive`)).status).toBe(403);
        }
        expect((await service.request('GET', path)).status).toBe(401);
      });

      test('counts in its group: for the tenant its own, for the platform those of all, without key or payload', async () => {
        await failing('a');
        await failing('a', 1, other.id);
        const group = async (person: TestPerson) => {
          const answer = await service.request('GET', `${path}/groups?errorCode=VALIDATION_ERROR`, {
            token: person.token,
          });
          expect(answer.status).toBe(200);
          return { text: answer.text, group: answer.body.data.find((each: { letters: number }) => each.letters > 0) };
        };
        expect((await group(tenant.admin)).group).toMatchObject({ letters: 1, tenants: 1 });
        const seen = await group(operator);
        expect(seen.group.tenants).toBeGreaterThan(1);
        for (const secret of [tenant.id, other.id, 'a-1']) expect(seen.text).not.toContain(secret);
      });
    });
  });
}
