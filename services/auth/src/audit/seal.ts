import { randomBytes } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import { clientText, commitment, rowHash, rowText, statesText, type AuditRow, type Salted } from './row.ts';

/** A report of a service that has no number yet. */
export type Arrival = Omit<AuditRow, 'seq' | 'tenantId' | 'clientHash' | 'statesHash'> & {
  /** States as the service wrote them: JSON text. */
  before?: string | undefined;
  after?: string | undefined;
  ip?: string | undefined;
  userAgent?: string | undefined;
};

/** A row of the chain with everything that is stored beside what its hash covers. */
export interface SealedRow {
  row: AuditRow;
  client: { ip?: string | undefined; userAgent?: string | undefined; salt?: string | undefined };
  /** Canonical JSON of each state. */
  states: { before?: string | undefined; after?: string | undefined; salt?: string | undefined };
  prevHash: string;
  hash: string;
}

/** Where a chain ends. */
export interface ChainEnd {
  seq: number;
  hash: string;
}

const saltBytes = 16;

/** Numbers and chains reports behind the present end of the tenant's chain, in their order. */
export function sealArrivals(tenantId: string, end: ChainEnd, arrivals: readonly Arrival[]): SealedRow[] {
  const salts = randomBytes(arrivals.length * 2 * saltBytes);
  let { seq, hash } = end;
  return arrivals.map(({ before, after, ip, userAgent, ...facts }, at) => {
    const saltAt = (index: number): string => salts.toString('base64url', index * saltBytes, (index + 1) * saltBytes);
    const states = { before: stateJson(before), after: stateJson(after) };
    const client = salted(clientText(ip, userAgent), saltAt(at * 2));
    const kept = salted(statesText(states.before, states.after), saltAt(at * 2 + 1));
    const row = {
      ...facts,
      tenantId,
      seq: (seq += 1),
      clientHash: client && commitment(client),
      statesHash: kept && commitment(kept),
    };
    const prevHash = hash;
    hash = rowHash(prevHash, rowText(row));
    return {
      row,
      client: { ip, userAgent, salt: client?.salt },
      states: { ...states, salt: kept?.salt },
      prevHash,
      hash,
    };
  });
}

function salted(text: string | undefined, salt: string): Salted | undefined {
  return text === undefined ? undefined : { salt, text };
}

/** Canonical JSON of a state; what is no JSON, or nested too deep to be read, is kept as a text. */
function stateJson(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return canonicalJson(JSON.parse(text));
  } catch {
    return JSON.stringify(text);
  }
}
