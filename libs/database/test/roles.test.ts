import { emptyDatabase, type EmptyDatabase } from '@idp/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  bootstrapRoles,
  bootstrapSql,
  catalogAssertions,
  databaseMigrations,
  migrate,
  serviceRoles,
} from '../src/index.ts';
import { passwordOf, probeMigrations, service, sources, tenantA, urlWith } from './probe.ts';

let server: EmptyDatabase;

beforeAll(async () => {
  server = await emptyDatabase();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

async function connected<T>(url: string, fn: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await fn(client);
  } finally {
    await client.end();
  }
}

test('a login that may create roles and schemas, but is no superuser, can set a service up, twice', async () => {
  const { adminUrl } = server;
  const prefix = `${server.prefix}m_`;
  const admin = `${prefix}admin`;
  const database = new URL(adminUrl).pathname.slice(1);
  await connected(adminUrl, async (client) => {
    await client.query(`create role ${admin} login createrole password '${passwordOf(admin)}'`);
    await client.query(`grant create on database ${database} to ${admin}`);
  });
  const url = urlWith(adminUrl, admin);
  for (let times = 0; times < 2; times += 1) {
    await bootstrapRoles({ adminUrl: url, services: ['modest'], prefix, passwords: passwordOf });
    await migrate({ url, service: 'modest', prefix, sources: [databaseMigrations] });
  }
  await connected(adminUrl, async (client) => {
    expect(await catalogAssertions(client, 'modest', prefix)).toEqual([]);
    await client.query(`drop schema modest cascade; drop owned by ${admin} cascade`);
    const { owner, app, relay, search } = serviceRoles('modest', prefix);
    for (const role of [owner, app, relay, search, admin])
      await client.query(`drop owned by ${role}; drop role ${role}`);
  });
});

test('several bootstraps at once all succeed, and a new password replaces the old one', async () => {
  const { adminUrl, prefix } = server;
  const run = (passwords: (role: string) => string) =>
    bootstrapRoles({ adminUrl, services: [service], prefix, passwords });
  await Promise.all([run(passwordOf), run(passwordOf), run(passwordOf)]);
  const { app } = serviceRoles(service, prefix);
  await connected(urlWith(adminUrl, app), (client) => client.query('select 1'));
  await run((role) => `${passwordOf(role)}-new`);
  await expect(connected(urlWith(adminUrl, app), (client) => client.query('select 1'))).rejects.toMatchObject({
    code: '28P01',
  });
  await run(passwordOf);
});

test('the SQL for operators holds no password', () => {
  expect(bootstrapSql({ services: [service], prefix: server.prefix })).not.toMatch(/password/i);
  expect(() => bootstrapSql({ services: ['x; drop'], prefix: server.prefix })).toThrow('not a service name');
  expect(() => bootstrapSql({ services: [service], prefix: 'x-' })).toThrow('not a role prefix');
});

test('an attacker with the password of the app role stays inside one tenant and one schema', async () => {
  const { adminUrl, prefix } = server;
  for (const name of [service, 'other']) {
    await bootstrapRoles({ adminUrl, services: [name], prefix, passwords: passwordOf });
    await migrate({
      url: adminUrl,
      service: name,
      prefix,
      sources: [...sources.filter((s) => s !== probeMigrations), probeMigrations],
    });
  }
  await connected(adminUrl, (client) =>
    client.query(`insert into probe.things (tenant_id, id, name) values ($1, gen_random_uuid(), 'secret')`, [tenantA]),
  );
  const roles = serviceRoles(service, prefix);
  await connected(urlWith(adminUrl, roles.app), async (client) => {
    expect((await client.query('select * from things')).rows).toEqual([]);
    const refused = [
      `insert into things (id, name) values (gen_random_uuid(), 'x')`,
      'truncate things',
      'select * from audit_log_default',
      'select * from other.things',
      'create table mine (id int)',
      'create schema mine',
      `set role ${roles.owner}`,
      `set role ${roles.search}`,
      'alter table things disable row level security',
      'drop policy tenant on things',
      `set row_security = off; select * from things`,
      'select rolpassword from pg_authid',
      `alter role ${roles.app} bypassrls`,
      `copy things to program 'id'`,
      'select maintain_audit_partitions(1)',
      'delete from schema_migrations',
      'select * from queue',
    ];
    for (const text of refused) {
      const error = await client.query(text).catch((reason: unknown) => reason);
      expect((error as { code?: string }).code, text).toBe('42501');
    }
  });
  await connected(urlWith(adminUrl, roles.relay), async (client) => {
    await expect(client.query('select * from things')).rejects.toMatchObject({ code: '42501' });
  });
});
