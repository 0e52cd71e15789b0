import type { IHeaders, KafkaMessage, Message } from 'kafkajs';
import type { RecordHeaders } from '../envelope/headers.ts';
import type { OutgoingRecord, StoredRecord } from '../transport/transport.ts';

/** CloudEvents binary mode: attributes are headers, the value is the data alone. */
export function toMessage({ key, headers, value }: OutgoingRecord): Message {
  return {
    key: Buffer.from(key),
    headers,
    value: value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength),
  };
}

export function toStoredRecord(topic: string, part: number, message: KafkaMessage): StoredRecord {
  const { offset, key, headers, value } = message;
  return {
    topic,
    part,
    offset: Number(offset),
    key: key === null ? null : key.toString(),
    headers: toHeaders(headers),
    value,
  };
}

/** Of a header that a foreign producer repeats, the last one counts. */
function toHeaders(headers: IHeaders = {}): RecordHeaders {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const last = Array.isArray(value) ? value.at(-1) : value;
      return [name, last === undefined || last === null ? '' : last.toString()];
    }),
  );
}
