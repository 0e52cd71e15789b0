// `npm run seed [-- <slug>]`: a tenant (default `second`) with an owner, an admin, a member and a viewer, for trying the tenant wall.
import { randomBytes } from 'node:crypto';
import { createTenant, registerMember, type AuthContext } from '@idp/auth-service';
import { loadConfig } from '@idp/config';
import { hostConfig } from '../gateway/embedded/host/config.ts';
import { startHost } from '../gateway/embedded/host/start-host.ts';

const roles = ['tenant-owner', 'tenant-admin', 'member', 'viewer'] as const;
const slug = process.argv[2] ?? 'second';

async function seed(ctx: AuthContext): Promise<void> {
  const { tenantId } = await createTenant(ctx, { slug, name: slug, reason: 'seed' });
  console.log(`tenant ${slug} (${tenantId})`);
  for (const role of roles) {
    const email = `${role.replace('tenant-', '')}@${slug}.example`;
    const password = randomBytes(18).toString('base64url');
    await registerMember(ctx, { tenantId, email, name: role, password, role, reason: 'seed' });
    console.log(`  ${role.padEnd(13)} ${email.padEnd(32)} ${password}`);
  }
}

try {
  // Ports of its own: nobody calls this host, it only carries the operations and their events.
  const env = { ...process.env, PORT: '0', MANAGEMENT_PORT: '0', IDP_DEMO: 'false', LOG_LEVEL: 'warn' };
  const host = await startHost(loadConfig(hostConfig, env).values, env);
  try {
    const auth = host.services.find(({ name }) => name === 'auth');
    await seed(auth?.context as AuthContext);
    for (const service of host.services) await service.events.drain();
  } finally {
    await host.stop();
  }
} catch (error) {
  console.error(`seed: ${(error as Error).message}`);
  process.exit(1);
}
process.exit(0);
