import { remotePorts } from '@idp/auth';
import { createWakeSignal } from '@idp/events';
import { startService, type AnyService, type RunningService } from '@idp/service';
import type { AddressInfo } from 'node:net';
import { vi } from 'vitest';
import { openLink, type Link } from '../../../src/faults/index.ts';
import type { Platform } from '../platform.ts';
import type { Workloads } from '../workloads.ts';

/** A service in a process without auth: it has a copy of the access snapshot, fed by the bus. */
export interface Apart extends AsyncDisposable {
  name: string;
  service: RunningService;
  baseUrl: string;
  /** Its ways to the bus and to auth. */
  links: Record<'bus' | 'auth', Link>;
  /** Sum of a metric over all whose labels hold this text. */
  metric(name: string, label?: string): Promise<number>;
  /** Resolves when auth is heard over the bus. */
  heard(): Promise<void>;
  /** Everything passes again; resolves when auth is heard. */
  recovered(): Promise<void>;
}

/** On a busy machine a record may take its time to the bus and back. */
export const patient = { timeout: 90_000, interval: 25 };

/** Starts one more process of a service of the platform, as far from auth as a fleet has it. */
export async function startApart(platform: Platform, definition: AnyService, workloads: Workloads): Promise<Apart> {
  const { fleet } = platform;
  const { name } = definition;
  await using opening = new AsyncDisposableStack();
  const urls = platform.database.urlsFor(name);
  const links = {
    bus: opening.use(await openLink({ target: targetOf(urls.bus) })),
    auth: opening.use(await openLink({ target: targetOf(fleet.baseUrl('auth')) })),
  };
  const key = await workloads.keyOf(name);
  const authUrl = `http://127.0.0.1:${links.auth.port}`;
  const service = await startService(definition, {
    ...fleet.host,
    mode: 'process',
    // Wake-ups of the other process do not reach this one.
    transportWake: createWakeSignal(),
    databaseUrls: { ...urls, bus: atPort(urls.bus, links.bus.port) },
    remote: remotePorts({ authUrl, serviceKey: key }),
    auth: { url: authUrl, key },
  });
  opening.defer(() => service.stop({ deadlineMs: 5_000 }));
  await service.permitted();
  await service.app.listen({ host: '127.0.0.1', port: 0 });
  const stack = opening.move();
  const metric = async (wanted: string, label = ''): Promise<number> => {
    const text = await service.telemetry.metrics.registry.metrics();
    const lines = text
      .split('\n')
      .filter((line) => line.startsWith(wanted) && ' {'.includes(line.charAt(wanted.length)));
    return lines
      .filter((line) => line.includes(label))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  };
  const heard = async () => {
    await vi.waitUntil(async () => (await metric('authz_mode')) === 1, patient);
  };
  return {
    name,
    service,
    baseUrl: `http://127.0.0.1:${(service.app.server.address() as AddressInfo).port}`,
    links,
    metric,
    heard,
    async recovered() {
      await Promise.all([links.bus.heal(), links.auth.heal()]);
      await heard();
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** The port a URL leads to, or the socket of PostgreSQL that it names as its host. */
function targetOf(text: string): number | string {
  const url = new URL(text);
  const port = Number(url.port || url.searchParams.get('port') || 5432);
  const directory = url.searchParams.get('host') ?? '';
  return directory.startsWith('/') ? `${directory}/.s.PGSQL.${port}` : port;
}

function atPort(url: string, port: number): string {
  const changed = new URL(url);
  changed.hostname = '127.0.0.1';
  changed.port = String(port);
  for (const name of ['host', 'port']) changed.searchParams.delete(name);
  return changed.href;
}
