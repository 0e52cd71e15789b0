import type { VerificationKeys } from '@idp/auth';
import { isSigned, type SignedCheckpoint } from './checkpoint.ts';
import { linkOfLine, type ExportHeader, type ParsedLine } from './export-lines.ts';
import { erasedParts, linkFault, type ChainPosition } from './link.ts';

/** What an export was found to be. */
export interface ExportVerdict {
  tenantId: string | undefined;
  fromSeq: number;
  /** Last row that is as it was sealed. */
  toSeq: number;
  rows: number;
  checkpoints: number;
  /** Parts of rows that were erased: their hashes still hold. */
  erased: number;
  /** The first row that is wrong, and what is wrong; absent when all is well. */
  fault?: { seq: number; what: string };
}

export interface ExportVerifier {
  /** Takes the next line. False once something is wrong: further lines change nothing. */
  line(text: string): boolean;
  end(): ExportVerdict;
}

/**
 * Checks an export line by line: every row against the one before it, every checkpoint against its signature. `known` are
 * checkpoints that were kept elsewhere; the export must reach and contain every one of them that does not lie before it.
 */
export function createExportVerifier(keys: VerificationKeys, known: readonly SignedCheckpoint[] = []): ExportVerifier {
  let header: ExportHeader | undefined;
  let position: ChainPosition = { tenantId: '', seq: 0, hash: '' };
  let signedSeq = 0;
  const verdict: ExportVerdict = { tenantId: undefined, fromSeq: 0, toSeq: 0, rows: 0, checkpoints: 0, erased: 0 };
  const expected = new Map(known.map((signed) => [signed.checkpoint.toSeq, signed]));

  function begin(parsed: ParsedLine | undefined): string | undefined {
    if (!isHeader(parsed?.export)) return 'is preceded by no header';
    header = parsed.export;
    const { tenantId, fromSeq, prevHash } = header;
    position = { tenantId, seq: fromSeq - 1, hash: prevHash };
    signedSeq = position.seq;
    Object.assign(verdict, { tenantId, fromSeq, toSeq: position.seq });
    return undefined;
  }

  function takeRow(text: string, parsed: ParsedLine): string | undefined {
    const link = linkOfLine(text, parsed);
    if (link === undefined) return 'is not written as it was exported';
    const fault = linkFault(link, position);
    if (fault !== undefined) return fault;
    position = { tenantId: position.tenantId, seq: link.seq, hash: link.hash };
    verdict.rows += 1;
    verdict.toSeq = link.seq;
    verdict.erased += erasedParts(link);
    const kept = expected.get(link.seq);
    return kept === undefined ? undefined : checkpointFault(kept, position, keys);
  }

  function takeCheckpoint(signed: SignedCheckpoint): string | undefined {
    const { tenantId, toSeq } = signed.checkpoint;
    if (isSigned(signed, keys) && tenantId === position.tenantId && toSeq > position.seq) {
      fail(position.seq + 1, missingUpTo(toSeq));
    }
    const fault = checkpointFault(signed, position, keys);
    if (fault !== undefined) return fault;
    if (signed.checkpoint.fromSeq !== signedSeq + 1) return 'is covered by no checkpoint';
    verdict.checkpoints += 1;
    signedSeq = signed.checkpoint.toSeq;
    return undefined;
  }

  function fail(seq: number, what: string | undefined): void {
    if (what !== undefined) verdict.fault ??= { seq, what };
  }

  return {
    line(text) {
      if (verdict.fault !== undefined) return false;
      const parsed = parse(text);
      if (header === undefined) fail(1, begin(parsed));
      else if (!parsed?.checkpoint) fail(position.seq + 1, takeRow(text, parsed ?? {}));
      else fail(signedSeq + 1, takeCheckpoint(parsed as SignedCheckpoint));
      return verdict.fault === undefined;
    },
    end() {
      if (header === undefined) fail(1, 'is preceded by no header');
      else if (position.seq < header.toSeq) fail(position.seq + 1, 'is missing: the export ends before it');
      else if (signedSeq < position.seq) fail(signedSeq + 1, 'is covered by no checkpoint');
      const beyond = known.find(({ checkpoint }) => checkpoint.toSeq > position.seq);
      if (beyond !== undefined) fail(position.seq + 1, missingUpTo(beyond.checkpoint.toSeq));
      return verdict;
    },
  };
}

function missingUpTo(seq: number): string {
  return `is missing: a checkpoint covers rows up to ${seq}`;
}

/** What contradicts a checkpoint at a position, in words. */
export function checkpointFault(
  signed: SignedCheckpoint,
  position: ChainPosition,
  keys: VerificationKeys,
): string | undefined {
  const { tenantId, toSeq, lastHash } = signed.checkpoint;
  if (!isSigned(signed, keys)) return 'is covered by a checkpoint whose signature is not valid';
  if (tenantId !== position.tenantId) return 'is covered by a checkpoint of another tenant';
  if (toSeq !== position.seq)
    return `is covered by a checkpoint for rows up to ${toSeq}, found after row ${position.seq}`;
  return lastHash === position.hash ? undefined : 'is, or one behind it is, not what the checkpoint signed';
}

function isHeader(header: ExportHeader | undefined): header is ExportHeader {
  if (typeof header !== 'object' || header === null) return false;
  const { fromSeq, toSeq, prevHash } = header;
  return Number.isSafeInteger(fromSeq) && Number.isSafeInteger(toSeq) && /^[0-9a-f]{64}$/.test(prevHash);
}

function parse(text: string): ParsedLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
