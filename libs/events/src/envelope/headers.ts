import { HeaderError } from '../errors.ts';

/** Headers of a record: UTF-8 text of at most 2 KiB each. */
export type RecordHeaders = Readonly<Record<string, string>>;

const valueBytesMax = 2048;
// oxlint-disable-next-line no-control-regex
const controlCharacter = /[\u0000-\u001f\u007f]/;

/** Throws {@link HeaderError} for a value that a reader could take for something else, or that a broker would refuse. */
export function assertHeader(name: string, value: string): void {
  if (controlCharacter.test(value)) throw new HeaderError(`header ${name} holds a control character`);
  if (!value.isWellFormed()) throw new HeaderError(`header ${name} is not valid Unicode`);
  if (Buffer.byteLength(value) > valueBytesMax) throw new HeaderError(`header ${name} is above ${valueBytesMax} bytes`);
}

/** The aggregate version as CloudEvents `sequence` of type Integer: 20 digits, so that text order is number order. */
export function formatSequence(version: number): string {
  return version.toString().padStart(20, '0');
}

/** Reads a `ce_sequence`; undefined when it is absent, no positive integer, or beyond 2^53. */
export function parseSequence(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,20}$/.test(text)) return undefined;
  const version = Number(text);
  return Number.isSafeInteger(version) && version > 0 ? version : undefined;
}

/** Key of all records of one aggregate. */
export function recordKey(tenantId: string, aggregateId: string): string {
  return `${tenantId}:${aggregateId}`;
}
