import {
  createAccessReplica,
  createConditionCompiler,
  createServiceTokenSource,
  type AccessReplica,
  type PermissionManifest,
  type ServiceKey,
} from '@idp/auth';
import { createServiceClient } from '@idp/clients';
import type { Telemetry } from '@idp/telemetry';
import type { BackgroundTask } from '../host/background.ts';
import { remoteAuthority } from './remote-authority.ts';

/** Where the auth service is, and by which key this one proves to it which one it is. */
export interface AuthService {
  url: string;
  key: ServiceKey;
}

export interface OpenReplica extends AsyncDisposable {
  replica: AccessReplica;
  /** Fetches what does not arrive by itself. */
  catchUp: BackgroundTask;
}

const catchUpEveryMs = 500;

/** The replica of a process of its own, with its calls to auth and its metrics. */
export function openReplica(options: {
  auth: AuthService;
  manifest: PermissionManifest;
  telemetry: Telemetry;
  clock: () => Date;
}): OpenReplica {
  const { auth, manifest, clock } = options;
  const { logger, metrics } = options.telemetry;
  const tokens = createServiceTokenSource({ base: auth.url.replace(/\/+$/, ''), key: auth.key, clock });
  const client = createServiceClient({
    target: 'auth',
    baseUrl: auth.url,
    token: (after) => tokens.tokenFor('idp:auth', after),
    metrics,
  });
  const ignored = metrics.counter('authz_records_ignored_total', 'Records of the snapshot that were ignored', [
    'reason',
  ]);
  const delay = metrics.histogram(
    'authz_revocation_seconds',
    'From revocation to its arrival here',
    [],
    [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10],
  );
  const replica = createAccessReplica({
    authority: remoteAuthority(client),
    compile: createConditionCompiler([manifest]).compile,
    clock,
    onIgnored({ tenantId, reason, shard }) {
      ignored.inc({ reason });
      // An older record comes again whenever the topic is read from its beginning.
      if (reason !== 'version')
        logger.error({ tenantId, reason, name: shard }, 'a record of the access snapshot was ignored');
    },
    onRevoked: (seconds) => delay.observe(seconds),
  });
  metrics.gauge('authz_snapshot_age_seconds', 'Since auth was heard on the revocation lane', [], function () {
    this.set(replica.silenceSeconds());
  });
  metrics.gauge('authz_snapshot_bytes', 'Texts of the access snapshot of all tenants', [], function () {
    this.set(replica.size());
  });
  metrics.gauge(
    'authz_mode',
    '1 while decisions go by the snapshot alone, 0 while auth has not been heard for too long',
    [],
    function () {
      this.set(replica.port.isStale?.() === true ? 0 : 1);
    },
  );
  return {
    replica,
    catchUp: { name: 'access-catch-up', everyMs: catchUpEveryMs, run: () => replica.catchUp() },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}
