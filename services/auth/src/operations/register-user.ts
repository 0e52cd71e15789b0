import { newId, platformTenantId, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { ConflictError, ValidationError } from '@idp/errors';
import { publish } from '@idp/events';
import type { AuthContext } from '../context.ts';
import { parseEmailAddress, type EmailAddress } from '../domain/email-address.ts';
import { requireAcceptablePassword } from '../passwords/password-rule.ts';
import { insertUser, setPasswordHash } from '../store/users.ts';
import type { Tables } from '../store/tables.ts';
import { currentActor } from './acting.ts';

export interface NewUser {
  email: string;
  name: string;
  password: string;
  /** The tenant the account is made for; its slug may not be part of the password. */
  homeTenant?: { id: string; slug: string };
}

/** An account whose address and password passed every rule, hashed and ready to be stored. */
export interface PreparedUser {
  id: string;
  address: EmailAddress;
  name: string;
  phc: string;
  homeTenantId?: string;
}

type Preparing = Pick<AuthContext, 'passwords' | 'commonPasswords'>;

/** 400 for an address of a wrong form, 422 `PASSWORD_REJECTED`, 503 `HASH_BUSY`. Outside of any transaction. */
export async function prepareUser(ctx: Preparing, input: NewUser): Promise<PreparedUser> {
  const address = parseEmailAddress(input.email);
  if (address === undefined) {
    throw new ValidationError('the address is not valid', {
      issues: [{ path: 'email', message: 'not an e-mail address' }],
    });
  }
  const surroundings = { email: address.norm, ...(input.homeTenant && { tenantSlug: input.homeTenant.slug }) };
  await requireAcceptablePassword(input.password, surroundings, ctx.commonPasswords);
  const phc = await ctx.passwords.admit(() => ctx.passwords.hash(input.password));
  return {
    id: newId(),
    address,
    name: input.name,
    phc,
    ...(input.homeTenant && { homeTenantId: input.homeTenant.id }),
  };
}

/** Stores a prepared account in a transaction of the platform tenant. 409 `NAME_TAKEN` when the address has one. */
export async function insertPreparedUser(tx: Tx<Tables>, user: PreparedUser, now: Date): Promise<void> {
  const actor = currentActor();
  const at = now.toISOString();
  const inserted = await insertUser(tx, {
    id: user.id,
    email: user.address.email,
    email_norm: user.address.norm,
    email_verified_at: at,
    name: user.name,
    status: 'active',
    home_tenant_id: user.homeTenantId ?? null,
    created_at: at,
    updated_at: at,
    created_by: actor,
    updated_by: actor,
  });
  if (!inserted) throw new ConflictError('the address has an account already', { code: 'NAME_TAKEN' });
  await setPasswordHash(tx, user.id, user.phc, now);
  publish(tx, {
    type: 'idp.auth.v1.UserRegistered',
    aggregateId: user.id,
    version: 1,
    data: {
      userId: user.id,
      email: user.address.email,
      displayName: user.name,
      emailVerified: true,
      registeredAt: timestampFromDate(now),
    },
  });
  tx.audit({
    action: 'auth:user:register',
    resourceType: 'user',
    resourceId: user.id,
    after: { email: user.address.email, name: user.name, status: 'active' },
  });
}

/** Makes an active account with a verified address; its id. Accounts belong to the platform, not to a tenant. */
export async function registerUser(
  ctx: Preparing & Pick<AuthContext, 'database' | 'clock'>,
  input: NewUser,
): Promise<{ userId: string }> {
  const user = await prepareUser(ctx, input);
  await ctx.database
    .tenant(platformTenantId)
    .write((tx) => insertPreparedUser(tx, user, ctx.clock()), { global: true });
  return { userId: user.id };
}
