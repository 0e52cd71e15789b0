import type { CatalogContext } from '@idp/catalog-service';
import { expect, test } from 'vitest';
import { awaitIngestion } from './ingestion.ts';

const controller = new AbortController();
const options = { directories: [], since: new Date(), waitMs: 60_000, signal: controller.signal };

/** A catalog whose database is gone as soon as it is asked. */
function closing(onAsked: () => void): CatalogContext {
  const read = async (): Promise<never> => {
    onAsked();
    throw new Error('the pool has ended');
  };
  return { database: { tenant: () => ({ read }) } } as unknown as CatalogContext;
}

test('a database that fails is told of', async () => {
  await expect(
    awaitIngestion(
      closing(() => undefined),
      options,
    ),
  ).rejects.toThrow('the pool has ended');
});

test('a stop that takes the database away in the middle of a look is no failure', async () => {
  expect(
    await awaitIngestion(
      closing(() => controller.abort()),
      options,
    ),
  ).toBeUndefined();
});
