import type { Database } from '@idp/database';
import { defineService, envelope, id, idempotentWrite, principalOf, text, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import { consumers } from './consumers.ts';
import { noticesQueue } from './notices.ts';
import { postTransfer } from './post-transfer.ts';
import type { Tables } from './tables.ts';

/** What this process does beside requests; the relay is `EVENTS_RELAY_LOOPS`. */
const parts = (process.env['LEDGER_PARTS'] ?? 'consumers,jobs').split(',');

const account = z.object({ id: z.uuid(), balance: z.string() });
const transfer = z.strictObject({
  operation: text({ min: 1, max: 100 }),
  from: id(),
  to: id(),
  amount: z.int().min(1).max(1_000_000),
});

function routes(database: Database<Tables>): RoutePlugin {
  return async (app) => {
    app.post('/api/v1/ledger/transfers', {
      config: { access: 'authenticated' },
      schema: {
        operationId: 'postTransfer',
        summary: 'Transfer between two accounts',
        body: transfer,
        response: { 201: envelope(z.object({ id: z.uuid() })) },
      },
      handler: async (request, reply) =>
        idempotentWrite(request, reply, database, async (tx) => ({
          status: 201,
          data: { id: await postTransfer(tx, request.body) },
        })),
    });
    app.get('/api/v1/ledger/accounts', {
      config: { access: 'authenticated' },
      schema: {
        operationId: 'listAccounts',
        summary: 'Accounts and their balances',
        response: { 200: envelope(z.array(account)) },
      },
      handler: async (request) => {
        const rows = await database
          .tenant(principalOf(request).tenantId)
          .read((tx) => tx.db.selectFrom('accounts').selectAll().orderBy('id').limit(1_000).execute());
        const data = rows.map(({ id: accountId, opening, debited, credited }) => ({
          id: accountId,
          balance: String(BigInt(opening) - BigInt(debited) + BigInt(credited)),
        }));
        return { data };
      },
    });
  };
}

/** A test service: money that moves by events, so that a lost or doubled one shows in the sum. */
export const ledger = defineService({
  name: 'ledger',
  description: 'Accounts and transfers of the fault tests',
  config: z.object({}),
  migrations: new URL('./migrations/', import.meta.url),
  permissions: {},
  createContext: ({ database }) => ({ database: database as Database<Tables> }),
  routes: ({ database }) => [routes(database)],
  consumers: () => (parts.includes('consumers') ? consumers : []),
  jobs: () => ({ queues: parts.includes('jobs') ? [noticesQueue()] : [] }),
});
