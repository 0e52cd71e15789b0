import type { AccessPort } from './access-port.ts';
import type { ApiKeyPort } from './api-keys/key-port.ts';
import type { JwksSource } from './key-set.ts';
import { createRevocationSignal, type RevocationSignal, type RevocationSource } from './revocations.ts';

/** What verifying and deciding need from the auth service, in this process or over HTTP. */
export interface PlatformPorts {
  jwks: JwksSource;
  access: AccessPort;
  apiKeys: ApiKeyPort;
  /** Tells of revocations as they happen, where the auth service is in this process. */
  revocations?: RevocationSource;
}

/** Ports that are looked for when they are used, for parts that start before or beside the auth service. */
export interface DeferredPorts extends PlatformPorts {
  /** Those of the ports, and what is announced here. */
  revocations: RevocationSignal;
  /** Listens to the revocations of the ports that exist now; to be called when they do. */
  attach(): void;
}

/** `find` answers the ports or throws 503 while they are not there yet. */
export function deferPorts(find: () => PlatformPorts): DeferredPorts {
  const revocations = createRevocationSignal();
  const advanced: ((tenantId: string, version: number) => void)[] = [];
  let attached = false;
  return {
    jwks: { keys: async () => find().jwks.keys() },
    access: {
      world: (tenantId) => find().access.world(tenantId),
      onAdvanced: (listener) => void advanced.push(listener),
      check: async (request) => find().access.check(request),
      load: async (tenantId) => find().access.load(tenantId),
      hasOrigin: (origin) => find().access.hasOrigin?.(origin) === true,
      isStale: () => find().access.isStale?.() === true,
    },
    apiKeys: {
      verify: async (key) => find().apiKeys.verify(key),
      report: async (uses) => find().apiKeys.report(uses),
    },
    revocations,
    attach() {
      if (attached) return;
      attached = true;
      const { access, revocations: source } = find();
      source?.subscribe(revocations.announce);
      access.onAdvanced((tenantId, version) => advanced.forEach((hear) => hear(tenantId, version)));
    },
  };
}
