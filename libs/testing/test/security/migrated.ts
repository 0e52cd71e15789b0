import { testDatabase } from '../../src/index.ts';
import type { TestDatabase } from '../../src/index.ts';
import { platformServices } from './services.ts';

/** A database with the schemas of all services, no rows in them. */
export async function migratedDatabase(): Promise<TestDatabase> {
  return testDatabase({ services: await platformServices() });
}
