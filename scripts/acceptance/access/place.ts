import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newId, platformTenantId } from '@idp/contracts';
import type pg from 'pg';
import { expect } from 'vitest';

/** Where the scenarios take place: a running platform, looked at from outside. */
export interface Place {
  /** Who answers for auth, and who for the catalog; embedded the gateway does for both. */
  auth: string;
  catalog: string;
  /** Somebody who looks after the platform. */
  operator: Account & { tenant: 'platform' };
  /** Folder in which mails arrive. */
  mails: string;
  /** Superuser of the database: by it time passes and walls fall, nothing else. */
  sql: pg.Client;
}

export interface Account {
  email: string;
  password: string;
}

/** What happens in another process is waited for as long as a loaded machine may need. */
export const patient = { timeout: 120_000, interval: 50 };

/** The tokens in the mails to an address, the newest last, once there are `count` mails. */
export async function mailedTokens(place: Place, email: string, count = 1): Promise<string[]> {
  let found: string[] = [];
  const arrived = async () => {
    const names = (await readdir(place.mails).catch(() => [])).filter((name) => name.endsWith('.eml')).toSorted();
    const mails = await Promise.all(names.map((name) => readFile(join(place.mails, name), 'utf8')));
    found = mails.flatMap((mail) => (mail.includes(`To: ${email}\n`) ? (/^[\w-]{43}$/m.exec(mail) ?? []) : []));
    return found.length;
  };
  await expect.poll(arrived, patient).toBeGreaterThanOrEqual(count);
  return found;
}

/** The next run of a job that has its hour otherwise. */
export async function runJob({ sql }: Place, queue: string): Promise<void> {
  const text = "insert into auth.jobs (tenant_id, id, queue, state, payload) values ($1, $2, $3, 'ready', '{}')";
  await sql.query(text, [platformTenantId, newId(), queue]);
}
