import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ingestDirectory } from '../../src/operations/ingest-directory.ts';
import { summarizeCatalog } from '../../src/operations/summarize-catalog.ts';
import { type IngestionWorld, startWorld } from '../support/ingestion-world.ts';

const directory = resolve(import.meta.dirname, '../../../../examples/catalog');
const folders = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());

/** Every document of the examples that has to be refused: folder, line, column, reason. */
const broken = [
  ['0x29a__clone_course', 5, 7, 'schema'],
  ['AngelMorenoMDE__backstage-template', 4, 9, 'format'],
  ['Causeway-banking-financial__Banking-and-financial-Consultancies', 107, 13, 'unknown-kind'],
  ['Dewberry__stormhub', 9, 5, 'format'],
  ['EffortlessMetrics__Rust-Template', 8, 3, 'schema'],
  ['EffortlessMetrics__Rust-Template', 19, 12, 'not-found'],
  ['GSVlabs__philu-credentials-themes', 11, 3, 'yaml'],
  ['Geotab__mygeotab-api-adapter', 9, 1, 'schema'],
  ['KevinG1312__test', 1, 13, 'format'],
  ['Kristopherlb__shinobi', 2, 7, 'unknown-kind'],
  ['LLNL__radiuss-shared-ci', 3, 1, 'schema'],
  ['LedgerHQ__device-sdk-ts', 61, 9, 'duplicate-entity'],
  ['Mhodtood__axum-service-template', 5, 4, 'yaml'],
  ['MrGeTestOrga__thisIsARealRepository', 1, 1, 'schema'],
  ['OctopusDeploy__mssql-docker', 4, 9, 'format'],
  ['TradeSSecurity__pushing-hours-restriction', 9, 30, 'yaml'],
  ['cosmonic-labs__mcp-server-template-ts', 4, 9, 'format'],
  ['danisg96__multi-component-backstage', 45, 1, 'yaml'],
  ['edfajardoCiandt__ifm-services', 33, 12, 'include'],
  ['edfajardoCiandt__ifm-services', 67, 12, 'include'],
  ['guneetsahai-neo__template-java-springboot', 4, 9, 'format'],
];

let world: IngestionWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

test('the example catalog is taken whole, but for the documents that are broken', async () => {
  const { tenantId } = world;
  const signal = AbortSignal.timeout(30_000);
  const report = await ingestDirectory(world.context, { tenantId, directory, signal });
  expect(report).toMatchObject({ outcome: 'succeeded', files: 59, created: 85, shadowed: 1, refused: 21 });

  const { entities, refused, directories } = await summarizeCatalog(world.context, { tenantId });
  expect(entities).toBe(85);
  expect(directories).toMatchObject([{ directory, lastError: null, lastSyncedAt: expect.any(String) }]);
  const found = refused.map(({ file, line, column, reason }) => [
    file.replace('/catalog-info.yaml', ''),
    line,
    column,
    reason,
  ]);
  expect(found).toEqual(broken);
  expect(refused.every(({ message }) => message.length > 10)).toBe(true);
  const brokenFolders = new Set(broken.map(([folder]) => folder));
  expect(folders.length - brokenFolders.size).toBe(40);
});

test('a second scan of the same files writes no entity', async () => {
  const { tenantId } = world;
  const before = await world.sql('select seq from catalog.heads where tenant_id = $1', [tenantId]);
  const report = await ingestDirectory(world.context, { tenantId, directory, signal: AbortSignal.timeout(30_000) });
  expect(report).toMatchObject({ outcome: 'succeeded', created: 0, updated: 0, deleted: 0, orphaned: 0 });
  expect(await world.sql('select seq from catalog.heads where tenant_id = $1', [tenantId])).toEqual(before);
});
