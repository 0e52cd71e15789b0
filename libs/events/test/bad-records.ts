import { newId } from '@idp/contracts';
import type { RecordInput } from './records.ts';

const other = newId();

/** Records that name no tenant and no event that can be trusted: what is wrong, and the code of their dead letter. */
export const untrusted: [string, string, Partial<RecordInput>][] = [
  ['another tenant in the key', 'TENANT_MISMATCH', { key: `${other}:bad` }],
  ['another tenant in the payload', 'TENANT_MISMATCH', { payloadTenantId: other }],
  ['no tenant in the payload', 'TENANT_MISMATCH', { payloadTenantId: '' }],
  ['no id', 'ENVELOPE_INVALID', { headers: { ce_id: undefined } }],
  ['an id that is no UUID', 'ENVELOPE_INVALID', { headers: { ce_id: `'; drop table inbox; --` } }],
  ['no type', 'ENVELOPE_INVALID', { headers: { ce_type: undefined } }],
  ['no tenant', 'ENVELOPE_INVALID', { headers: { ce_tenantid: undefined } }],
  ['a key without aggregate', 'ENVELOPE_INVALID', { key: 'nobody' }],
  ['a sequence beyond all numbers', 'ENVELOPE_INVALID', { headers: { ce_sequence: '99999999999999999999' } }],
  ['a negative sequence', 'ENVELOPE_INVALID', { headers: { ce_sequence: '-1' } }],
  ['another version of CloudEvents', 'ENVELOPE_INVALID', { headers: { ce_specversion: '0.3' } }],
];

/** Values that are no message, of events whose tenant is known. */
export const undecodable: [string, Uint8Array][] = [
  ['bytes that are no message', new Uint8Array([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])],
  ['text that is not UTF-8', new Uint8Array([0x0a, 0x02, 0xc3, 0x28])],
];

/** 10 MB that are no message. */
export const huge = new Uint8Array(10 * 1024 * 1024).fill(0xff);
