import { timingSafeEqual } from 'node:crypto';
import { newId, platformTenantId } from '@idp/contracts';
import type { Secrets } from '@idp/secrets';

/** Seconds a device is remembered after its last sign-in. */
export const deviceLifeSeconds = 180 * 86_400;

/** Proof that somebody signed in to an account on this device: `d1.<device id>.<seconds>.<mac>`. It opens nothing. */
export interface KnownDevices {
  /** Id of the device where the proof is one for this account and recent; else undefined. */
  recognise(account: string, proof: string | undefined): Promise<string | undefined>;
  /** A proof for the account; a device that is known keeps its id. */
  prove(account: string, deviceId: string | undefined): Promise<string>;
}

const form = /^d1\.([0-9a-f-]{36})\.(\d{1,12})\.([\w-]{43})$/;

/** Proofs are made with a key of the platform tenant, so that every process knows those of the others. */
export function createKnownDevices({ secrets, clock }: { secrets: Secrets; clock: () => Date }): KnownDevices {
  const macOf = (account: string, deviceId: string, seconds: string): Promise<string> =>
    secrets.tenant(platformTenantId).fingerprint(`device|${deviceId}|${seconds}|${account}`);
  const nowSeconds = (): number => Math.floor(clock().getTime() / 1_000);

  return {
    async recognise(account, proof) {
      const [, deviceId = '', seconds = '', mac = ''] = form.exec(proof ?? '') ?? [];
      if (deviceId === '' || nowSeconds() - Number(seconds) > deviceLifeSeconds) return undefined;
      const expected = await macOf(account, deviceId, seconds);
      return timingSafeEqual(Buffer.from(expected), Buffer.from(mac)) ? deviceId : undefined;
    },
    async prove(account, deviceId = newId()) {
      const seconds = String(nowSeconds());
      return `d1.${deviceId}.${seconds}.${await macOf(account, deviceId, seconds)}`;
    },
  };
}
