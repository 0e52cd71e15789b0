import { canonicalJson } from './canonical-json.ts';
import { checkpointText, type SignedCheckpoint } from './checkpoint.ts';
import type { ChainLink } from './link.ts';
import type { AuditRow, Salted } from './row.ts';

/** First line of an export: which part of which chain follows. */
export interface ExportHeader {
  fromSeq: number;
  madeAt: string;
  /** Hash of the row before the first. */
  prevHash: string;
  tenantId: string;
  toSeq: number;
}

export function headerLine({ fromSeq, madeAt, prevHash, tenantId, toSeq }: ExportHeader): string {
  return JSON.stringify({ export: { fromSeq, madeAt, prevHash, tenantId, toSeq } });
}

/** A row with its hash and what may be erased beside it; the member `row` holds the canonical bytes that were hashed. */
export function rowLine({
  client,
  hash,
  text,
  states,
}: Pick<ChainLink, 'client' | 'hash' | 'text' | 'states'>): string {
  const before = client === undefined ? '' : `"client":${saltedJson(client)},`;
  const after = states === undefined ? '' : `,"states":${saltedJson(states)}`;
  return `{${before}"hash":"${hash}","row":${text}${after}}`;
}

function saltedJson(values: Salted | null): string {
  return values === null ? 'null' : `{"salt":"${values.salt}","values":${values.text}}`;
}

export function checkpointLine({ checkpoint, kid, signature }: SignedCheckpoint): string {
  return `{"checkpoint":${checkpointText(checkpoint)},"kid":${JSON.stringify(kid)},"signature":"${signature}"}`;
}

interface ParsedSalted {
  salt: string;
  values: unknown;
}

/** A line of an export as it was parsed. Nothing of it is trusted. */
export interface ParsedLine {
  export?: ExportHeader;
  checkpoint?: SignedCheckpoint['checkpoint'];
  kid?: string;
  signature?: string;
  client?: ParsedSalted | null;
  hash?: string;
  row?: AuditRow;
  states?: ParsedSalted | null;
}

/**
 * The row of a line; undefined where the line is not exactly what `rowLine` writes for it (a member named twice, another
 * order, a space), so that nobody reads in it what was not hashed.
 */
export function linkOfLine(line: string, { row, hash = '', client, states }: ParsedLine): ChainLink | undefined {
  if (typeof row !== 'object' || row === null) return undefined;
  const link = (text: (value: unknown) => string): ChainLink => ({
    seq: row.seq,
    tenantId: row.tenantId,
    text: text(row),
    hash,
    clientHash: row.clientHash,
    client: client && { salt: client.salt, text: text(client.values) },
    statesHash: row.statesHash,
    states: states && { salt: states.salt, text: text(states.values) },
  });
  const read = link(JSON.stringify);
  if (rowLine(read) === line) return read;
  // Members named by numbers change their order when they are parsed.
  const sorted = link(canonicalJson);
  return rowLine(sorted) === line ? sorted : undefined;
}
