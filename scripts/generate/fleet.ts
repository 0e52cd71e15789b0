import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { defaultRolePrefix, generateTables, serviceRoles } from '@idp/database';
import { loadConfig } from '@idp/config';
import { services } from '@idp/gateway';
import { prepareDatabase, startPostgres } from '@idp/tools';
import { hostConfig } from '../../gateway/embedded/host/config.ts';
import { startHost } from '../../gateway/embedded/host/start-host.ts';
import { checkRoutes, mergeFleet } from '../../gateway/generate/openapi.ts';

/** Starts the fleet on an empty database and writes what only a running fleet knows. Returns what is wrong with the routes. */
export async function generateFromFleet(): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'idp-generate-'));
  const server = await startPostgres({ directory });
  try {
    await writeTables(server.adminUrl);
    return await writeDocuments(server.adminUrl, directory);
  } finally {
    await server.stop();
    await rm(directory, { recursive: true });
  }
}

async function writeTables(adminUrl: string): Promise<void> {
  await prepareDatabase({ adminUrl, services, prefix: defaultRolePrefix, passwords: () => 'generate' });
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  for (const { name } of services) {
    const { schema } = serviceRoles(name, defaultRolePrefix);
    await write(`services/${name}/src/store/tables.ts`, await generateTables(client, schema));
  }
  await client.end();
}

async function writeDocuments(adminUrl: string, directory: string): Promise<string[]> {
  const env = {
    DATABASE_URL: adminUrl,
    IDP_DATA_DIR: join(directory, 'state'),
    IDP_DEMO: 'false',
    PORT: '0',
    MANAGEMENT_PORT: '0',
    PUBLIC_URL: 'http://localhost:8080',
    LOG_LEVEL: 'error',
  };
  const host = await startHost(loadConfig(hostConfig, env).values, env);
  const documents: Record<string, Parameters<typeof mergeFleet>[0][string]> = {};
  for (const service of host.services) {
    const document = (await service.openapi()) as (typeof documents)[string];
    documents[service.name] = document;
    await write(`services/${service.name}/openapi.json`, `${JSON.stringify(document, null, 2)}\n`);
  }
  await write('docs/api/openapi.json', `${JSON.stringify(mergeFleet(documents), null, 2)}\n`);
  await host.stop();
  return checkRoutes(documents);
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
