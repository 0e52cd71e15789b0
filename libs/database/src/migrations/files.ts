import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { MigrationSource } from './source.ts';

/** One migration as it lies in its folder. */
export interface Migration {
  component: string;
  version: number;
  name: string;
  /** File name, for messages. */
  file: string;
  sql: string;
  /** SHA-256 of the text before templating, hexadecimal. */
  checksum: string;
  /** Runs outside a transaction; must be re-runnable. */
  alone: boolean;
}

/** A migration that cannot be applied; the message names component, file and reason. */
export class MigrationError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MigrationError';
  }
}

const fileName = /^(\d{4})_([a-z0-9_]+)\.sql$/;

/** The files `NNNN_name.sql` of one component in order; MigrationError on other names and on gaps. */
export async function readMigrations({ component, directory }: MigrationSource): Promise<Migration[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file, index) => {
      const match = fileName.exec(file);
      if (match === null) throw new MigrationError(`${component}/${file}: the name must be NNNN_name.sql`);
      const version = Number(match[1]);
      if (version !== index + 1) {
        throw new MigrationError(`${component}/${file}: expected number ${index + 1}, numbers must have no gap`);
      }
      const sql = (await readFile(new URL(file, directory), 'utf8')).replaceAll('\r\n', '\n');
      const checksum = createHash('sha256').update(sql).digest('hex');
      return {
        component,
        version,
        name: match[2] as string,
        file,
        sql,
        checksum,
        alone: sql.startsWith('-- no-transaction\n'),
      };
    }),
  );
}
