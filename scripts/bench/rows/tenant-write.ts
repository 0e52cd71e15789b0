import { CompiledQuery } from 'kysely';
import { publish, type EventTransaction } from '@idp/events';
import type { AuditEntry } from '@idp/database';
import { recordAudit } from '../../../libs/database/src/audit/record.ts';
import { measureSides } from '../data/measure-sides.ts';
import { sequential } from '../data/sequential.ts';
import { fillThings, openStage, service, tenantId, type Stage } from '../data/stage.ts';
import type { Row } from '../row.ts';

const things = 10_000;
// Written out once on both sides.
const load = 'select name, version from things where id = $1';
const change = 'update things set version = $2 where id = $1';

interface Thing {
  name: string;
  version: number;
}

/** Loads a row, changes it, says so in the audit log and in an event. */
function ours({ database }: Stage, id: string): Promise<void> {
  return database.tenant(tenantId).write(async (tx) => {
    const { rows } = await tx.db.executeQuery<Thing>(CompiledQuery.raw(load, [id]));
    const { name, version } = rows[0]!;
    tx.withCommit({ compile: () => CompiledQuery.raw(change, [id, version + 1]) });
    tx.audit(entryOf(id, version));
    publishChange(tx, id, { name, version });
  });
}

/** The same by hand: each statement is awaited. Event and audit row are made by the same functions. */
function byHand({ pool }: Stage, id: string): Promise<void> {
  return sequential(pool, async (client) => {
    const { rows } = await client.query<Thing>({ name: 'load', text: load, values: [id] });
    const { name } = rows[0]!;
    const version = Number(rows[0]!.version);
    await client.query({ name: 'change', text: change, values: [id, version + 1] });
    const buffered = [{ table: 'audit_log', row: recordAudit(entryOf(id, version), { service, tenantId }).row }];
    const beforeCommit: EventTransaction['beforeCommit'] = (table, row) => void buffered.push({ table, row });
    publishChange({ service, tenantId, readOnly: false, beforeCommit }, id, { name, version });
    for (const { table, row } of buffered) {
      const columns = Object.keys(row);
      const text = `insert into ${table} (${columns.join()}) values (${columns.map((_, at) => `$${at + 1}`).join()})`;
      await client.query({ name: table, text, values: Object.values(row) });
    }
  });
}

function entryOf(id: string, version: number): AuditEntry {
  return {
    action: 'catalog:thing:update',
    resourceType: 'thing',
    resourceId: id,
    before: { version },
    after: { version: version + 1 },
  };
}

function publishChange(tx: EventTransaction, id: string, { name, version }: Thing): void {
  const data = { uid: id, name, revision: BigInt(version + 1) };
  publish(tx, { type: 'idp.catalog.v1.EntityUpdated', aggregateId: id, version: version + 1, data });
}

/** Data §6 row 2: a change with its event and its audit row. */
export const tenantWrite: Row = {
  name: 'tenant-write',
  suite: 'data',
  async run({ rounds }) {
    await using stage = await openStage();
    const ids = await fillThings(stage, things);
    let turn = 0;
    const id = (): string => ids[(turn += 1) % ids.length]!;
    const sides = { ours: () => ours(stage, id()), sequential: () => byHand(stage, id()) };
    const one = await measureSides(sides, { calls: rounds > 3 ? 3_000 : 1_000, inFlight: 1, rounds });
    const many = await measureSides(sides, { calls: rounds > 3 ? 10_000 : 4_000, inFlight: 16, rounds });
    const text = (callers: string): string => `${callers}, against each statement after the other's answer`;
    return {
      name: 'tenant-write',
      title: 'A change with its event and its audit row, in a tenant',
      figures: [],
      claims: [
        { text: text('1 caller'), ratio: one.ratio('ours', 'sequential'), limit: 1.4, bound: 'at-least' },
        { text: text('16 callers'), ratio: many.ratio('ours', 'sequential'), limit: 1.15, bound: 'at-least' },
      ],
      notes: [`1 caller: ${one.shown}`, `16 callers: ${many.shown}`],
    };
  },
};
