import { generateKeyPairSync } from 'node:crypto';
import { newId } from '@idp/contracts';
import type { TextSigner, VerificationKeys } from '@idp/auth';
import { signCheckpoint } from './checkpoint.ts';
import { checkpointLine, headerLine, rowLine } from './export-lines.ts';
import { clientText, noHash, rowText, statesText } from './row.ts';
import { sealArrivals, type Arrival, type SealedRow } from './seal.ts';

/** A report as services make them; for tests and measurements. */
export function sampleArrival(at: number, more: Partial<Arrival> = {}): Arrival {
  return {
    id: newId(),
    receivedAt: '2026-03-01T10:00:01.000Z',
    occurredAt: '2026-03-01T10:00:00.120Z',
    service: 'catalog',
    actor: `user:0192d6a0-0000-7000-8000-00000000${String(at % 10_000).padStart(4, '0')}`,
    action: 'catalog:service:update',
    resourceType: 'service',
    resourceId: '0192d6a0-0000-7000-8000-000000000abc',
    outcome: 'succeeded',
    before: JSON.stringify({ name: 'payments', owner: 'group:default/payments', revision: at }),
    after: JSON.stringify({ revision: at + 1, owner: 'group:default/payments', name: 'payments' }),
    truncated: false,
    ip: '203.0.113.7',
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
    sessionId: '0192d6a0-0000-7000-8000-00000000beef',
    requestId: '0192d6a0-0000-7000-8000-00000000cafe',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    ...more,
  };
}

/** A key pair of use `audit`. */
export function sampleKeys(): { signer: TextSigner; keys: VerificationKeys } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { signer: { kid: 'sample', privateKey }, keys: new Map([['sample', publicKey]]) };
}

/** The line of a sealed row. */
export function lineOf({ row, hash, client, states }: SealedRow): string {
  const clientJson = clientText(client.ip, client.userAgent);
  const statesJson = statesText(states.before, states.after);
  return rowLine({
    text: rowText(row),
    hash,
    client: clientJson === undefined ? undefined : { salt: client.salt ?? '', text: clientJson },
    states: statesJson === undefined ? undefined : { salt: states.salt ?? '', text: statesJson },
  });
}

/** Lines of the export of a whole chain with a checkpoint every so many rows. */
export function sampleExport(
  tenantId: string,
  arrivals: readonly Arrival[],
  { signer, every }: { signer: TextSigner; every: number },
): string[] {
  const sealed = sealArrivals(tenantId, { seq: 0, hash: noHash }, arrivals);
  const at = '2026-03-01T10:01:00.000Z';
  const lines = [headerLine({ fromSeq: 1, madeAt: at, prevHash: noHash, tenantId, toSeq: sealed.length })];
  for (const each of sealed) {
    const { seq } = each.row;
    lines.push(lineOf(each));
    if (seq % every !== 0 && seq !== sealed.length) continue;
    const fromSeq = Math.floor((seq - 1) / every) * every + 1;
    lines.push(checkpointLine(signCheckpoint({ at, fromSeq, lastHash: each.hash, tenantId, toSeq: seq }, signer)));
  }
  return lines;
}
