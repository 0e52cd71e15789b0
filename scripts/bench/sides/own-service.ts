// One of our services in a process of its own, as production runs it: access log on, tracing off. BENCH_SERVICE names it.
import { setTimeout as pause } from 'node:timers/promises';
import type { AnyService } from '@idp/service';
import { registerPermissionsOf, registerTestService } from '../../fault/stack/test-service.ts';
import { announce } from '../side.ts';

// What is registered counts for the definitions loaded after it.
const definitions: Record<string, () => Promise<AnyService>> = {
  auth: async () => (await import('@idp/auth-service')).auth,
  /** Auth that knows the service of the bench. */
  async 'auth-with-bench'() {
    registerPermissionsOf('bench');
    return (await import('@idp/auth-service')).auth;
  },
  catalog: async () => (await import('@idp/catalog-service')).catalog,
  async bench() {
    registerTestService('bench');
    return (await import('./bench-service.ts')).bench;
  },
};

const definition = await definitions[process.env['BENCH_SERVICE'] ?? '']?.();
if (definition === undefined) throw new Error('BENCH_SERVICE names no service');
const { runService } = await import('@idp/service');
const run = runService(definition);
const management = `http://127.0.0.1:${process.env['MANAGEMENT_PORT']}`;
for (;;) {
  const answer = await fetch(`${management}/readyz`).catch(() => undefined);
  if (answer?.status === 200) break;
  await pause(50);
}
announce({ url: `http://127.0.0.1:${process.env['PORT']}`, management });
await run;
