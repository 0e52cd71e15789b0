import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { EventInit, EventType } from '@idp/contracts';
import { publish } from '@idp/events';
import { defineService, startService } from '@idp/service';
import type { RunningAuth } from './running-auth.ts';

/** A second service in the same process that says one thing; resolves when auth has taken it in. */
export async function hearFrom<T extends EventType>(
  auth: RunningAuth,
  message: { service: string; tenantId: string; type: T; data: EventInit<T> },
): Promise<void> {
  const empty = await mkdtemp(join(tmpdir(), 'idp-auth-test-'));
  const definition = defineService({
    name: message.service,
    description: 'says one thing',
    config: z.object({}),
    migrations: pathToFileURL(`${empty}/`),
    permissions: {},
    createContext: () => ({}),
    routes: () => [],
  });
  const other = await startService(definition, {
    ...auth.host,
    databaseUrls: auth.database.urlsFor(message.service),
    ports: () => auth.service.ports!,
  });
  try {
    await other.database.tenant(message.tenantId).write(
      async (tx) => {
        publish(tx, { type: message.type, aggregateId: message.tenantId, data: message.data });
      },
      { unaudited: 'test' },
    );
    await other.events.drain();
    await auth.service.events.drain();
  } finally {
    await other.stop({ deadlineMs: 5_000 });
    await rm(empty, { recursive: true });
  }
}
