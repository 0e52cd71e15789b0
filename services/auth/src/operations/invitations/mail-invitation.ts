import type { AuthContext } from '../../context.ts';
import { findInvitation } from '../../store/invitations/invitations.ts';
import { saveOneTimeToken } from '../../store/one-time-tokens.ts';
import { findOrganization } from '../../store/organizations/organizations.ts';
import { findTenant } from '../../store/tenants.ts';
import { hashOneTimeToken, makeOneTimeToken } from '../../tokens/one-time-token.ts';

/**
 * Mails an invitation that still waits. The link is made here and exists in the mail alone; the one of an earlier try is dead
 * from now on. Rejects when the mail server does not take it.
 */
export async function mailInvitation(
  ctx: Pick<AuthContext, 'database' | 'clock' | 'mailer' | 'publicUrl'>,
  { tenantId, invitationId }: { tenantId: string; invitationId: string },
): Promise<void> {
  const token = makeOneTimeToken();
  const hash = hashOneTimeToken(token)!;
  const found = await ctx.database.tenant(tenantId).write(
    async (tx) => {
      const invitation = await findInvitation(tx, invitationId);
      if (invitation?.state !== 'pending' || Date.parse(invitation.expiresAt) <= ctx.clock().getTime())
        return undefined;
      const [tenant, organization] = await Promise.all([
        findTenant(tx, tenantId),
        findOrganization(tx, invitation.organizationId),
      ]);
      if (tenant?.status !== 'active' || organization === undefined) return undefined;
      const { emailNorm, expiresAt } = invitation;
      await saveOneTimeToken(tx, { hash, kind: 'invitation', tenantId, subjectId: invitationId, emailNorm, expiresAt });
      return { invitation, tenant, organization };
    },
    { global: true, unaudited: 'the invitation has its row; this is how its link is kept' },
  );
  if (found === undefined) return;
  const { invitation, tenant, organization } = found;
  // After the fragment sign: no server on the way sees or logs the token.
  const link = `${ctx.publicUrl}/invitations#token=${token}`;
  await ctx.mailer.send({
    to: invitation.email,
    subject: `${invitation.inviterName} invites you to ${tenant.name}`,
    text: [
      `${invitation.inviterName} invites you to ${organization.name} at ${tenant.name}.`,
      '',
      `Open this link to answer: ${link}`,
      '',
      `Or, with the API: POST ${ctx.publicUrl}/api/v1/auth/invitations/accept with the token`,
      token,
      'after signing in, or POST …/api/v1/auth/register with it as invitationToken if you have no account yet.',
      '',
      `The invitation can be answered until ${new Date(invitation.expiresAt).toUTCString()}.`,
      'If you did not expect it, you need not do anything.',
    ].join('\n'),
  });
}
