import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmptyDatabase } from '../../src/index.ts';
import { copyDatabase } from '../../src/isolation/copy.ts';
import { fillTables } from '../../src/isolation/fill.ts';
import {
  disableRowSecurity,
  dropPolicy,
  dropTenantFromIndex,
  openPolicy,
  tablesOfTenants,
  tablesWithTenantIndex,
} from '../../src/isolation/sabotage.ts';
import { findSchemas } from '../../src/isolation/schemas.ts';
import { withConnection } from '../../src/isolation/sql.ts';
import { catalogFindings, contextFindings, crossTenantFindings } from '../../src/isolation/wall.ts';
import type { Finding, WallOptions } from '../../src/isolation/wall.ts';
import { migratedDatabase } from './migrated.ts';
import { platformServices } from './services.ts';

const owner = '0192a3b4-5c6d-7e8f-9a0b-00000000000a';
const intruder = '0192a3b4-5c6d-7e8f-9a0b-00000000000b';

let database: EmptyDatabase;
let filled: readonly string[];
let walled: readonly string[];

beforeAll(async () => {
  database = await migratedDatabase();
  filled = await fillTables(database, owner);
  walled = await tablesOfTenants(database.adminUrl, filled);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

async function allFindings(wall: WallOptions): Promise<Finding[]> {
  return [
    ...(await catalogFindings(wall)),
    ...(await contextFindings(wall)),
    ...(await crossTenantFindings(wall, { owner, intruder })),
  ];
}

describe('the tenant wall of every schema', () => {
  it('is found in every service, with its tables', async () => {
    const schemas = await withConnection(database.adminUrl, (client) => findSchemas(client, database.prefix));
    expect(schemas.map((schema) => schema.service)).toEqual(
      (await platformServices()).map((service) => service.name).toSorted(),
    );
    for (const { tables } of schemas) expect(tables.length).toBeGreaterThan(5);
  });

  it('has no finding in the catalogue', async () => {
    expect(await catalogFindings(database)).toEqual([]);
  });

  it('shows nothing and takes nothing without a context, in the own schema and in the others', async () => {
    expect(await contextFindings(database)).toEqual([]);
  });

  it('lets no tenant see, change, delete or add rows of another', async () => {
    expect(filled.length).toBeGreaterThan(8);
    expect(await crossTenantFindings(database, { owner, intruder })).toEqual([]);
  });
});

describe('the suite bites', () => {
  async function findingsAfter(
    sabotage: (adminUrl: string) => Promise<string>,
    look: (wall: WallOptions) => Promise<Finding[]> = allFindings,
  ): Promise<Finding[]> {
    await using copy = await copyDatabase(database);
    await sabotage(copy.adminUrl);
    return await look(copy);
  }

  it('when the policy of any one table is dropped', async () => {
    for (const table of walled.slice(0, 2)) {
      expect(await findingsAfter((url) => dropPolicy(url, table))).not.toEqual([]);
    }
  });

  it('when a policy is opened to everybody: in the catalogue and in the rows', async () => {
    const [table = ''] = walled;
    const findings = await findingsAfter((url) => openPolicy(url, table));
    expect(findings.filter((each) => each.includes('policy'))).not.toEqual([]);
    expect(findings.filter((each) => each.includes('without a context'))).not.toEqual([]);
    expect(findings.filter((each) => each.includes('of another tenant sees'))).not.toEqual([]);
  });

  it('when row security is switched off', async () => {
    const [table = ''] = walled;
    const findings = await findingsAfter((url) => disableRowSecurity(url, table));
    expect(findings.filter((each) => each.includes('row security'))).not.toEqual([]);
    expect(findings.filter((each) => each.includes('of another tenant'))).not.toEqual([]);
  });

  it('when tenant_id is taken out of any unique index', { timeout: 120_000 }, async () => {
    const tables = await tablesWithTenantIndex(database.adminUrl);
    expect(tables).not.toEqual([]);
    const unnoticed: string[] = [];
    for (const table of tables) {
      const findings = await findingsAfter((url) => dropTenantFromIndex(url, table), catalogFindings);
      if (findings.length === 0) unnoticed.push(table);
    }
    expect(unnoticed).toEqual([]);
  });
});
