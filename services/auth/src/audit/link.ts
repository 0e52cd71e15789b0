import { commitment, rowHash, type Salted } from './row.ts';

/** One row of a chain as it is checked: texts that were hashed, and what their hashes are said to be. */
export interface ChainLink {
  seq: number;
  tenantId: string;
  /** Canonical JSON of the row. */
  text: string;
  /** Hexadecimal. */
  hash: string;
  clientHash?: string | undefined;
  /** Null once erased; undefined where there never was any. */
  client?: Salted | null | undefined;
  statesHash?: string | undefined;
  states?: Salted | null | undefined;
}

/** Where the chain has come to. */
export interface ChainPosition {
  tenantId: string;
  seq: number;
  hash: string;
}

/** What is wrong with the row that follows a position, in words; undefined when it is the one that was sealed. */
export function linkFault(link: ChainLink, before: ChainPosition): string | undefined {
  if (link.seq !== before.seq + 1) return `is missing: row ${link.seq} stands in its place`;
  if (link.tenantId !== before.tenantId) return 'belongs to another tenant';
  if (rowHash(before.hash, link.text) !== link.hash) return 'is not the row that was sealed: its hash differs';
  return (
    commitmentFault('address and agent', link.client, link.clientHash) ??
    commitmentFault('states', link.states, link.statesHash)
  );
}

function commitmentFault(
  what: string,
  values: Salted | null | undefined,
  expected: string | undefined,
): string | undefined {
  if (values === null) return expected === undefined ? `has no ${what} to erase` : undefined;
  const actual = values && commitment(values);
  return actual === expected ? undefined : `has other ${what} than those that were sealed`;
}

/** How many of the two erasable parts of a row are gone. */
export function erasedParts({ client, states }: ChainLink): number {
  return (client === null ? 1 : 0) + (states === null ? 1 : 0);
}
