import { timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { InvalidStateError } from '@idp/errors';
import { publish } from '@idp/events';
import { accessChanged } from '../../access/changed.ts';
import type { AuthContext } from '../../context.ts';
import { listOpenSessions, saveMember, setUserTenantStatus, type Member } from '../../store/members/members.ts';
import { listRolesAt } from '../../store/members/role-bindings.ts';
import { updatedStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';
import { markSessionEnded } from '../end-session.ts';
import { memberData } from './member-events.ts';
import { lockMemberOf, requireAnotherOwner, requireCovered, type MemberChange } from './member-guards.ts';

type Ctx = Pick<AuthContext, 'access' | 'clock' | 'revocations'>;

/** Keeps a member out of the tenant for now; its sessions there end. 404, 412, 403 `SCOPE_ESCALATION`, 409 `LAST_OWNER` or `INVALID_STATE`. */
export async function suspendMember(
  tx: Tx<Tables>,
  ctx: Ctx,
  input: MemberChange & { reason: string },
): Promise<Member> {
  const before = await lockMemberOf(tx, input);
  if (before.status !== 'active') throw new InvalidStateError(`the membership is ${before.status}`);
  await requireAnotherOwner(tx, ctx, input.userId);
  await requireMayEnd(tx, ctx, input);
  await endSessionsHere(tx, ctx, input.userId);
  return setStatus(tx, ctx, { before, status: 'suspended', reason: input.reason });
}

/** Lets a suspended member in again. 404, 412, 409 `INVALID_STATE`. */
export async function resumeMember(
  tx: Tx<Tables>,
  ctx: Ctx,
  input: MemberChange & { reason: string },
): Promise<Member> {
  const before = await lockMemberOf(tx, input);
  if (before.status !== 'suspended') throw new InvalidStateError(`the membership is ${before.status}`);
  await requireMayEnd(tx, ctx, input);
  return setStatus(tx, ctx, { before, status: 'active', reason: input.reason });
}

async function setStatus(
  tx: Tx<Tables>,
  ctx: Ctx,
  { before, status, reason }: { before: Member; status: 'active' | 'suspended'; reason: string },
): Promise<Member> {
  const now = ctx.clock();
  const { membershipId, userId } = before;
  const after = await saveMember(tx, membershipId, { status, ...updatedStamps(currentActor(), now) });
  await setUserTenantStatus(tx, userId, status);
  const version = await accessChanged(tx, ctx, { principals: [{ type: 'user', id: userId }] });
  if (status === 'suspended')
    ctx.revocations.revoke(tx, { kind: 'member', tenantId: tx.tenantId, id: userId, version });
  const data = { ...(await memberData(tx, after)), reason };
  const about = { aggregateId: membershipId, version: after.version };
  const at = timestampFromDate(now);
  if (status === 'active') {
    publish(tx, { type: 'idp.auth.v1.MemberResumed', ...about, data: { ...data, resumedAt: at } });
  } else {
    publish(tx, { type: 'idp.auth.v1.MemberSuspended', ...about, data: { ...data, suspendedAt: at } });
  }
  tx.audit({
    action: status === 'active' ? 'auth:member:resume' : 'auth:member:suspend',
    resourceType: 'membership',
    resourceId: membershipId,
    before: { userId, status: before.status },
    after: { userId, status },
    ...(reason !== '' && { reason }),
  });
  return after;
}

/** Asks for a second factor, or no longer. */
export async function setMfaRequired(
  tx: Tx<Tables>,
  ctx: Ctx,
  input: MemberChange & { required: boolean },
): Promise<Member> {
  const { userId, required } = input;
  const before = await lockMemberOf(tx, input);
  if (before.mfaRequired === required) return before;
  const now = ctx.clock();
  const after = await saveMember(tx, before.membershipId, {
    mfa_required: required,
    ...updatedStamps(currentActor(), now),
  });
  const roles = await listRolesAt(tx, { type: 'tenant', id: tx.tenantId }, { userIds: [userId], now });
  publish(tx, {
    type: 'idp.auth.v1.MemberUpdated',
    aggregateId: after.membershipId,
    version: after.version,
    data: { ...(await memberData(tx, after)), role: roles.get(userId)?.[0] ?? '', updatedAt: timestampFromDate(now) },
  });
  tx.audit({
    action: 'auth:member:require-mfa',
    resourceType: 'membership',
    resourceId: after.membershipId,
    before: { userId, mfaRequired: before.mfaRequired },
    after: { userId, mfaRequired: required },
  });
  return after;
}

/** 403 `SCOPE_ESCALATION` where the member holds more in the tenant than the caller. */
export async function requireMayEnd(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'clock'>,
  { userId, principal }: Pick<MemberChange, 'userId' | 'principal'>,
): Promise<void> {
  const scope = { type: 'tenant', id: tx.tenantId } as const;
  const held = await listRolesAt(tx, scope, { userIds: [userId], now: ctx.clock() });
  await requireCovered(tx, ctx, principal, held.get(userId) ?? []);
}

/** Ends the sessions a user has in the transaction's tenant. */
export async function endSessionsHere(
  tx: Tx<Tables>,
  { clock, revocations }: Pick<AuthContext, 'clock' | 'revocations'>,
  userId: string,
  reason: 'admin' | 'disabled' = 'admin',
): Promise<void> {
  const now = clock();
  for (const sessionId of await listOpenSessions(tx, userId)) {
    await markSessionEnded(tx, sessionId, { reason, now, revocations });
  }
}
