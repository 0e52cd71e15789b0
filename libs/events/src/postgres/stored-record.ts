import type { RecordHeaders } from '../envelope/headers.ts';
import type { StoredRecord } from '../transport/transport.ts';
import type { FetchedRow } from './statements.ts';

export function toStoredRecord(topic: string, part: number, row: FetchedRow): StoredRecord {
  return {
    topic,
    part,
    offset: row.record_offset,
    key: row.record_key,
    headers: JSON.parse(row.record_headers) as RecordHeaders,
    value: row.record_payload,
  };
}
