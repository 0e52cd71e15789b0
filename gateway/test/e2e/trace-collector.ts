import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** One span as it was sent; ids in hexadecimal digits. */
export interface ReceivedSpan {
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  /** Empty at the root. */
  parentId: string;
  links: { traceId: string; spanId: string }[];
}

/** Takes spans as a collector would (OTLP over HTTP, protobuf). */
export interface TraceCollector extends AsyncDisposable {
  url: string;
  spans(): readonly ReceivedSpan[];
}

export async function startTraceCollector(): Promise<TraceCollector> {
  const spans: ReceivedSpan[] = [];
  const server = createServer((req, res) => void answer(req, res));
  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    if (req.url === '/v1/traces') spans.push(...readExport(Buffer.concat(chunks)));
    res.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => spans,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

type Fields = ReadonlyMap<number, readonly Uint8Array[]>;

/** The fields of a message that hold bytes, texts and messages, by their number. */
function fieldsOf(bytes: Uint8Array): Fields {
  const fields = new Map<number, Uint8Array[]>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited) fields.set(number, [...(fields.get(number) ?? []), reader.bytes()]);
    else reader.skip(type);
  }
  return fields;
}

const hex = (fields: Fields, number: number): string => Buffer.from(fields.get(number)?.[0] ?? []).toString('hex');
const text = (fields: Fields, number: number): string => Buffer.from(fields.get(number)?.[0] ?? []).toString('utf8');
const messages = (fields: Fields, number: number): Fields[] => (fields.get(number) ?? []).map(fieldsOf);

/** `ExportTraceServiceRequest` of opentelemetry-proto 1: resource_spans 1 { resource 1, scope_spans 2 { spans 2 } }. */
function readExport(bytes: Uint8Array): ReceivedSpan[] {
  return messages(fieldsOf(bytes), 1).flatMap((resourceSpans) => {
    const attributes = messages(resourceSpans, 1).flatMap((resource) => messages(resource, 1));
    const named = attributes.find((attribute) => text(attribute, 1) === 'service.name');
    const service = named === undefined ? '' : text(messages(named, 2)[0]!, 1);
    return messages(resourceSpans, 2).flatMap((scope) => messages(scope, 2).map((span) => readSpan(service, span)));
  });
}

function readSpan(service: string, span: Fields): ReceivedSpan {
  return {
    service,
    name: text(span, 5),
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    parentId: hex(span, 4),
    links: messages(span, 13).map((link) => ({ traceId: hex(link, 1), spanId: hex(link, 2) })),
  };
}
