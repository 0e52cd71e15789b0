import {
  createRevocationSignal,
  signRevoked,
  type Revocation,
  type RevocationSource,
  type Revoked,
  type TextSigner,
} from '@idp/auth';
import type { Tx } from '@idp/database';
import { publish } from '@idp/events';
import type { Tables } from '../store/tables.ts';

/** Tells every process of the platform what must not be accepted any more, those beside this one over the revocation lane. */
export interface Revocations extends RevocationSource {
  /** With the commit of the transaction; the services of this process hear of it at once. */
  revoke(tx: Tx<Tables>, revocation: Revocation): void;
  /** Another process has revoked something. */
  hear(revocation: Revocation): void;
}

export function createRevocations({ signer, clock }: { signer: () => TextSigner; clock: () => Date }): Revocations {
  const { subscribe, announce } = createRevocationSignal();
  return {
    subscribe,
    hear: announce,
    revoke(tx, revocation) {
      const { tenantId } = tx;
      const revoked: Revoked = { ...revocation, tenantId, at: clock().getTime() };
      publish(tx, {
        type: 'idp.auth.v1.CredentialRevoked',
        aggregateId: `${revocation.kind}:${revocation.id}`,
        data: signRevoked(revoked, signer()),
      });
      tx.afterCommit(() => announce(revocation));
    },
  };
}
