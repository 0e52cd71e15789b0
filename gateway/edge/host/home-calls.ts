import { createServiceClient, type ServiceClient } from '@idp/clients';
import type { Metrics } from '@idp/telemetry';
import type { CallSection } from '../home/home-handler.ts';

/** Asks services over HTTP, each through a pool and a circuit of its own. */
export function createHomeCalls(options: { serviceUrls: ReadonlyMap<string, string>; metrics: Metrics }): {
  call: CallSection;
} & AsyncDisposable {
  const { serviceUrls, metrics } = options;
  const clients = new Map<string, ServiceClient>(
    [...serviceUrls].map(([target, baseUrl]) => [target, createServiceClient({ target, baseUrl, metrics })]),
  );
  return {
    async call({ service, target }, { headers, clientIp, timeoutMs }) {
      const client = clients.get(service);
      if (client === undefined) throw new Error(`SERVICE_URLS does not name ${service}`);
      const { status, body } = await client.call({
        method: 'GET',
        path: target,
        headers: { ...headers, 'x-forwarded-for': clientIp },
        timeoutMs,
      });
      return { status, body };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...clients.values()].map((client) => client[Symbol.asyncDispose]()));
    },
  };
}
