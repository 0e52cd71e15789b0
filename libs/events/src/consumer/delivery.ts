import { DecodeError, platformTenantId } from '@idp/contracts';
import { v5 } from 'uuid';
import { parseSequence } from '../envelope/headers.ts';
import type { StoredRecord } from '../transport/transport.ts';
import { toEvent } from './decode-event.ts';
import type { ConsumedEvent } from './define-consumer.ts';

/** Why an event cannot be handled, as it is kept with its dead letter. */
export interface Problem {
  code: string;
  message: string;
}

/** A record on its way through a consumer: where its effect belongs, and what is wrong with it already. */
export interface Delivery {
  readonly record: StoredRecord;
  readonly eventId: string;
  readonly tenantId: string;
  readonly key: string;
  readonly type: string | undefined;
  readonly version: number | undefined;
  /** The consumer lists its type. Others need no work. */
  readonly listed: boolean;
  /** Decoded; absent for unlisted types and where there is a problem. */
  readonly event: ConsumedEvent | undefined;
  readonly problem: Problem | undefined;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** What decides how a consumer reads a record. */
export interface ReadingRules {
  types: ReadonlySet<string>;
  /** Only consumers that can clear their read model want state that is emitted again. */
  snapshots: boolean;
}

/**
 * Reads the envelope and, of listed types, the message. A record without usable id, tenant or key gets an id made from its
 * place and belongs to the platform tenant: delivered again it is the same. So does one whose tenants differ.
 */
export function readDelivery(record: StoredRecord, { types, snapshots }: ReadingRules): Delivery {
  const { headers, key } = record;
  const { ce_id: id, ce_type: type, ce_tenantid: tenant, ce_sequence: sequence } = headers;
  if (headers['ce_specversion'] !== '1.0' || type === undefined || type === '') {
    return unusable(record, true, 'no CloudEvents 1.0 attributes');
  }
  const listed = types.has(type) && (snapshots || headers['ce_snapshot'] !== 'true');
  const version = parseSequence(sequence);
  if (id === undefined || !uuid.test(id)) return unusable(record, listed, 'ce_id is no UUID');
  if (tenant === undefined || !uuid.test(tenant)) return unusable(record, listed, 'ce_tenantid is no UUID');
  if (key === null || !/^[^:]+:./s.test(key)) return unusable(record, listed, 'the key is not <tenant>:<aggregate>');
  if (sequence !== undefined && version === undefined) return unusable(record, listed, 'ce_sequence is no version');
  const eventId = id.toLowerCase();
  const tenantId = tenant.toLowerCase();
  const delivery = { record, eventId, tenantId, key, type, version, listed, event: undefined, problem: undefined };
  if (key.slice(0, key.indexOf(':')).toLowerCase() !== tenantId) {
    return foreign(delivery, 'ce_tenantid and the key name different tenants');
  }
  return listed ? decoded(delivery) : delivery;
}

function decoded(delivery: Delivery): Delivery {
  try {
    const event = toEvent(delivery);
    if (event.data.tenantId.toLowerCase() === delivery.tenantId) return { ...delivery, event };
    return foreign(delivery, 'the payload names another tenant than the envelope');
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { ...delivery, problem: { code: 'DECODE_FAILED', message: error.message } };
  }
}

/** Nobody knows whose it is: it touches no tenant's rows. */
function foreign(delivery: Delivery, message: string): Delivery {
  return { ...delivery, tenantId: platformTenantId, problem: { code: 'TENANT_MISMATCH', message } };
}

function unusable(record: StoredRecord, listed: boolean, message: string): Delivery {
  const eventId = v5(`${record.topic}/${record.part}/${record.offset}`, v5.URL);
  return {
    record,
    eventId,
    tenantId: platformTenantId,
    key: eventId,
    type: record.headers['ce_type'],
    version: undefined,
    listed,
    event: undefined,
    problem: { code: 'ENVELOPE_INVALID', message },
  };
}
