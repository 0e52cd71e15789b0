import { z } from 'zod';
import type { HealthSource, ServiceHealth } from '../health.ts';

const infoAnswer = z.object({ version: z.string() });
const timeoutMs = 1_500;

/** Asks `/readyz` and `/info` on the management port of every service, side by side; what does not answer in 1.5 s is down. */
export function fleetHealth(managementUrls: ReadonlyMap<string, string>): HealthSource {
  return () => Promise.all([...managementUrls].map(([name, url]) => healthOf(name, url)));
}

async function healthOf(name: string, url: string): Promise<ServiceHealth> {
  const [ready, version] = await Promise.all([isReady(url), versionOf(url)]);
  return { name, status: ready ? 'ok' : 'down', version: version ?? 'unknown' };
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, options());
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}

async function versionOf(url: string): Promise<string | undefined> {
  try {
    return infoAnswer.parse(await (await fetch(`${url}/info`, options())).json()).version;
  } catch {
    return undefined;
  }
}

function options(): RequestInit {
  return { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) };
}

/** Management ports by service: those that are named, else port 9464 of the host that serves it. */
export function managementUrlsOf(
  serviceUrls: ReadonlyMap<string, string>,
  named: ReadonlyMap<string, string> = new Map(),
): Map<string, string> {
  return new Map(
    [...serviceUrls].map(([name, url]): [string, string] => {
      const { hostname, protocol } = new URL(url);
      return [name, named.get(name) ?? `${protocol}//${hostname}:9464`];
    }),
  );
}
