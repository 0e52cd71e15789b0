import { defineService } from '@idp/service';
import { followManifests } from './access/manifests.ts';
import { startAccess } from './access/start.ts';
import { beatAccess } from './background/beat-access.ts';
import { followVerificationKeys } from './background/follow-verification-keys.ts';
import { republishAccess } from './background/republish-access.ts';
import { sealAuditLogs } from './background/seal-audit-logs.ts';
import { authConfig } from './config.ts';
import { onAccess } from './consumers/on-access.ts';
import { onAuditRecorded } from './consumers/on-audit-recorded.ts';
import { onCredentialRevoked } from './consumers/on-credential-revoked.ts';
import { onPermissionManifest } from './consumers/on-permission-manifest.ts';
import { onTenantReceipt } from './consumers/on-tenant-receipt.ts';
import { createAuthContext, type AuthContext } from './context.ts';
import { authPermissions } from './permissions.ts';
import { platformPorts } from './ports.ts';
import { announceExpiringKeyJobs } from './jobs/announce-expiring-keys.ts';
import { auditJobs } from './jobs/audit.ts';
import { expireBindingJobs } from './jobs/expire-bindings.ts';
import { expireInvitationJobs } from './jobs/expire-invitations.ts';
import { mailInvitationJobs } from './jobs/mail-invitation.ts';
import { purgeTenantJobs } from './jobs/purge-tenants.ts';
import { rotateSigningKeyJobs } from './jobs/rotate-signing-keys.ts';
import { accessRoutes } from './routes/access/index.ts';
import { auditRoutes } from './routes/audit/index.ts';
import { credentialRoutes } from './routes/credentials/index.ts';
import { internalAccessRoutes } from './routes/internal-access.ts';
import { internalRoutes } from './routes/internal.ts';
import { jwksRoutes } from './routes/jwks.ts';
import { meRoutes } from './routes/me.ts';
import { sessionRoutes } from './routes/session.ts';
import { setupRoutes } from './routes/setup.ts';
import { tenancyRoutes } from './routes/tenancy.ts';
import { verificationKeyRoutes } from './routes/verification-keys.ts';
import { tenantStates } from './operations/snapshot-tenants.ts';
import { setUpAtStart } from './start.ts';
import { listTenants } from './store/tenants.ts';

/** Identity and access: who is calling, in which tenant, with which role. */
export const auth = defineService({
  name: 'auth',
  description: 'Accounts, sessions, tokens, tenants and memberships',
  config: authConfig,
  migrations: new URL('../migrations/', import.meta.url),
  permissions: authPermissions,
  globalTables: true,
  database: { constraints: { tenants_slug: 'slug', users_email_norm: 'email', memberships_user: 'userId' } },
  createContext: createAuthContext,
  routes: (ctx) => [
    setupRoutes(ctx),
    sessionRoutes(ctx),
    meRoutes(ctx),
    jwksRoutes(ctx),
    ...credentialRoutes(ctx),
    internalRoutes(ctx),
    internalAccessRoutes(ctx),
    ...tenancyRoutes(ctx),
    ...accessRoutes(ctx),
    ...auditRoutes(ctx),
    verificationKeyRoutes(ctx),
  ],
  consumers: (ctx) => [
    onTenantReceipt(ctx.clock),
    onAuditRecorded(ctx.auditArrivals),
    onPermissionManifest(ctx),
    onAccess(ctx),
    onCredentialRevoked(ctx),
  ],
  background: (ctx) => [sealAuditLogs(ctx), republishAccess(ctx), beatAccess(ctx), followVerificationKeys(ctx)],
  jobs(ctx) {
    const [audit, expiry, purge] = [auditJobs(ctx), expireInvitationJobs(ctx), purgeTenantJobs(ctx)];
    const keys = [rotateSigningKeyJobs(ctx), announceExpiringKeyJobs(ctx), expireBindingJobs(ctx)];
    return {
      queues: [
        ...audit.queues,
        mailInvitationJobs(ctx),
        expiry.queue,
        ...purge.queues,
        ...keys.map(({ queue }) => queue),
      ],
      schedules: [...audit.schedules, expiry.schedule, purge.schedule, ...keys.map(({ schedule }) => schedule)],
    };
  },
  snapshots: () => ({ 'idp.auth.tenant.v1': tenantStates }),
  tenants: (ctx) => ctx.database.global.read((tx) => listTenants(tx)),
  async ready(ctx: AuthContext): Promise<void> {
    await setUpAtStart(ctx);
    followManifests(ctx);
    await startAccess(ctx, auth.permissions);
  },
  provides: platformPorts,
});

export type { AuthContext } from './context.ts';
export { addMember, type NewMember } from './operations/add-member.ts';
export { createTenant, type NewTenant } from './operations/create-tenant.ts';
export { logIn, type SignIn } from './operations/log-in.ts';
export { registerMember, type RegisteredMember } from './operations/register-member.ts';
export { registerUser, type NewUser } from './operations/register-user.ts';
