import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { platformTenantId } from '@idp/contracts';
import { ValidationError } from '@idp/errors';
import type { SignedTenant, TestPerson } from '@idp/testing';
import { startShaky, type ShakyOptions, type Shaky } from '../shaky-service.ts';

const path = '/api/v1/catalog/ops/dead-letters';

/** Many dead letters at once (events §2.10, §8 items 9 and 10). */
export function bulkRedrive(carrier: string, options: () => Promise<ShakyOptions> = async () => ({})): void {
  describe(`on ${carrier}`, () => {
    let service: Shaky;
    let tenant: SignedTenant;
    let other: SignedTenant;
    let operator: TestPerson;
    let broken = true;
    const tries = new Map<string, number>();

    beforeAll(async () => {
      service = await startShaky({ ordering: 'none', ...(await options()) });
      operator = await service.person(platformTenantId, 'tenant-owner');
    });
    afterAll(() => service[Symbol.asyncDispose]());
    beforeEach(async () => {
      [tenant, other] = await Promise.all([service.tenant(), service.tenant()]);
      tries.clear();
      broken = true;
      service.script.handle = ({ tenantId, aggregateId }) => {
        const key = `${tenantId}:${aggregateId}`;
        tries.set(key, (tries.get(key) ?? 0) + 1);
        if (broken) throw new ValidationError(`no ${aggregateId.replaceAll(/[\d-]/g, '')}`);
      };
    });

    const redrive = (person: TestPerson, body: object) =>
      service.request('POST', `${path}/redrive`, {
        token: person.token,
        body: { ratePerSecond: 500, dryRun: false, ...body },
      });

    /** Number of letters by status, as the tenant sees them. */
    async function statuses({ admin }: SignedTenant): Promise<Record<string, number>> {
      const counts: Record<string, number> = {};
      for (const status of ['open', 'redriven']) {
        const answer = await service.request('GET', `${path}/groups?status=${status}`, { token: admin.token });
        for (const { letters } of answer.body.data) counts[status] = (counts[status] ?? 0) + letters;
      }
      return counts;
    }

    async function failMany(tenantId: string, count: number, name = 'a'): Promise<void> {
      await service.sendMany(
        tenantId,
        Array.from({ length: count }, (_, index) => `${name}${index}`),
      );
      tries.clear();
    }

    /** The one letter of the tenant again and again, each of an aggregate of its own. */
    async function copyLetter(copies: number): Promise<void> {
      await service.running.database.tenant(tenant.id).write(
        (tx) =>
          sql`
        insert into dead_letters (id, event_id, key, consumer, topic, part, "offset", type, sequence, headers, payload, payload_bytes,
          error_code, message, fingerprint, attempts, first_at)
        select gen_random_uuid(), gen_random_uuid(), key || '-' || n, consumer, topic, part, "offset", type, sequence, headers, payload,
          payload_bytes, error_code, message, fingerprint, attempts, first_at
        from dead_letters, generate_series(1, ${copies}) n`.execute(tx.db),
        { unaudited: 'test' },
      );
    }

    /** What the audit log of the tenant has of bulk redrives. */
    async function audited(): Promise<unknown[]> {
      const { rows } = await service.running.database
        .tenant(tenant.id)
        .read((tx) => sql`select actor, after from audit_log where action = 'catalog:ops:redrive-many'`.execute(tx.db));
      return rows;
    }

    describe('a bulk redrive', () => {
      test('counts as a dry run and touches nothing', async () => {
        await failMany(tenant.id, 3);
        const answer = await redrive(tenant.admin, { filter: {}, dryRun: true });
        expect([answer.status, answer.body.data]).toEqual([202, { jobId: null, matched: 3 }]);
        await service.jobsDrained();
        expect([tries.size, await statuses(tenant)]).toEqual([0, { open: 3 }]);
        expect(await audited()).toEqual([
          { actor: `user:${tenant.admin.id}`, after: { filter: {}, ratePerSecond: 500, dryRun: true, matched: 3 } },
        ]);
      });

      test('runs what matches once, within its limit, and leaves the rest', async () => {
        await failMany(tenant.id, 5, 'a');
        await failMany(tenant.id, 2, 'b');
        const [{ fingerprint }] = (
          await service.request('GET', `${path}/groups?limit=1`, { token: tenant.admin.token })
        ).body.data;
        broken = false;
        const some = await redrive(tenant.admin, { filter: { fingerprint }, limit: 2 });
        expect(some.body.data.matched).toBe(5);
        await service.jobsDrained();
        expect(await statuses(tenant)).toEqual({ open: 5, redriven: 2 });
        await redrive(tenant.admin, { filter: { errorCode: 'VALIDATION_ERROR' } });
        await service.jobsDrained();
        expect(await statuses(tenant)).toEqual({ redriven: 7 });
        expect(new Set(tries.values())).toEqual(new Set([1]));
      });

      test('of a tenant leaves other tenants alone; an operator redrives them by error code and sees no key', async () => {
        await failMany(tenant.id, 1, 'shared');
        await failMany(other.id, 1, 'shared');
        broken = false;
        const [{ fingerprint }] = (await service.request('GET', `${path}/groups`, { token: tenant.admin.token })).body
          .data;
        expect((await redrive(tenant.admin, { filter: { errorCode: 'VALIDATION_ERROR' } })).body.data.matched).toBe(1);
        await service.jobsDrained();
        expect([await statuses(tenant), await statuses(other)]).toEqual([{ redriven: 1 }, { open: 1 }]);
        const byKey = await redrive(operator, { filter: { key: `${other.id}:shared0` } });
        expect(byKey.body.data.matched).toBe(0);
        const byCode = await redrive(operator, { filter: { errorCode: 'VALIDATION_ERROR', fingerprint } });
        expect(byCode.body.data.matched).toBe(1);
        expect(byCode.text).not.toContain(other.id);
        await service.jobsDrained();
        expect(await statuses(other)).toEqual({ redriven: 1 });
        expect(await service.effects(other.id)).toEqual(['shared0@1']);
      });

      test('keeps to its rate', async () => {
        await failMany(tenant.id, 6);
        broken = false;
        const at: number[] = [];
        service.script.handle = () => void at.push(performance.now());
        await redrive(tenant.admin, { filter: {}, ratePerSecond: 20 });
        await service.jobsDrained();
        expect(at).toHaveLength(6);
        // Never sooner than the rate allows; later is the machine's business.
        expect(at.at(-1)! - at[0]!).toBeGreaterThan(5 * 50 - 10);
      });

      test.each([
        ['no rate', { filter: {}, ratePerSecond: undefined }],
        ['a rate above 500', { filter: {}, ratePerSecond: 501 }],
        ['an unknown filter', { filter: { tenantId: 'x' } }],
        ['no filter', {}],
      ])('with %s is refused', async (_name, body) => {
        expect((await redrive(tenant.admin, body)).status).toBe(400);
      });

      test('is nothing for members', async () => {
        expect((await redrive(tenant.member, { filter: {} })).status).toBe(403);
      });

      test(
        'of many that still fail opens each again once, while other events go on',
        { timeout: 240_000 },
        async () => {
          const count = Number(process.env['REDRIVE_LETTERS'] ?? 1_000);
          await failMany(tenant.id, 1);
          await copyLetter(count - 1);
          const started = await redrive(tenant.admin, { filter: {} });
          expect(started.body.data.matched).toBe(count);
          const good = service.script.handle;
          service.script.handle = (event) => (event.tenantId === other.id ? undefined : good(event));
          // While the job runs, what is new is applied at once.
          await service.send(other.id, 'fresh', 1);
          expect(await service.effects(other.id)).toEqual(['fresh@1']);
          expect(tries.size).toBeLessThan(count);
          await service.jobsDrained(200_000);
          expect([tries.size, Math.max(...tries.values())]).toEqual([count, 1]);
          const [group] = (await service.request('GET', `${path}/groups`, { token: tenant.admin.token })).body.data;
          expect(group).toMatchObject({ letters: count, status: 'open' });
          const [letter] = (await service.request('GET', `${path}?limit=1`, { token: tenant.admin.token })).body.data;
          expect(letter.attempts).toBe(2);
        },
      );
    });
  });
}
