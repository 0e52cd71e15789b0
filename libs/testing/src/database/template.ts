import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import type pg from 'pg';
import { databasePrefix, withClient, withDatabase, type TestRun } from './test-run.ts';

/** What a template is built from: its content decides which template a file gets. */
export interface TemplateContent {
  /** Names what is built, e.g. the services; part of the key. */
  name: string;
  /** Folders whose files are part of the key. */
  directories: readonly URL[];
  /** Fills the empty database at `adminUrl`. */
  build(adminUrl: string): Promise<void>;
}

/**
 * The name of a template database with this content, built once per run: the first process that asks builds it, the others wait.
 * A build that dies leaves only a database under a draft name.
 */
export async function ensureTemplate(run: TestRun, content: TemplateContent): Promise<string> {
  const template = `${databasePrefix(run)}tpl_${await contentKey(content)}`;
  await withClient(run.adminUrl, async (client) => {
    // One builder at a time in the whole run: the roles of a service are shared by all its templates.
    await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [databasePrefix(run)]);
    if (await exists(client, template)) return;
    const draft = `${template}_draft`;
    await client.query(`drop database if exists ${draft} with (force)`);
    await client.query(`create database ${draft}`);
    await content.build(withDatabase(run.adminUrl, draft));
    await client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()',
      [draft],
    );
    await client.query(`alter database ${draft} rename to ${template}`);
  });
  return template;
}

async function exists(client: pg.Client, database: string): Promise<boolean> {
  const { rowCount } = await client.query('select from pg_database where datname = $1', [database]);
  return rowCount === 1;
}

async function contentKey({ name, directories }: TemplateContent): Promise<string> {
  const hash = createHash('sha256').update(name);
  for (const directory of directories) {
    const folder = directory.href.endsWith('/') ? directory : new URL(`${directory.href}/`);
    for (const file of (await readdir(folder)).toSorted()) {
      hash.update(`\0${file}\0`).update(await readFile(new URL(file, folder)));
    }
  }
  return hash.digest('hex').slice(0, 12);
}
