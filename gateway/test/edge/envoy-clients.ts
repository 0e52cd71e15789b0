import { connect, type IncomingHttpHeaders } from 'node:http2';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition, Metadata, type Client, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** What the rate-limit service answered. */
export interface RateAnswer {
  code: 'OK' | 'OVER_LIMIT';
  headers: Record<string, string>;
  body: string;
}

export interface RateClient extends Disposable {
  ask(
    entries: Record<string, string>,
    options?: { domain?: string; metadata?: Record<string, string> },
  ): Promise<RateAnswer>;
}

interface Service extends Client {
  ShouldRateLimit(
    request: object,
    metadata: Metadata,
    done: (error: ServiceError | null, answer: Wire) => void,
  ): unknown;
}

interface Wire {
  overall_code: RateAnswer['code'];
  response_headers_to_add: { key: string; value: string }[];
  raw_body: Buffer;
}

const proto = fileURLToPath(new URL('../../../proto/envoy/service/ratelimit/v3/rls.proto', import.meta.url));

/** Asks the rate-limit service as Envoy does. */
export function rateClient(port: number): RateClient {
  const loaded = loadPackageDefinition(loadSync(proto, { keepCase: true, enums: String, defaults: true }));
  const { RateLimitService } = (
    loaded as never as {
      envoy: { service: { ratelimit: { v3: { RateLimitService: new (...args: unknown[]) => Service } } } };
    }
  ).envoy.service.ratelimit.v3;
  const client = new RateLimitService(`127.0.0.1:${port}`, credentials.createInsecure());
  return {
    ask: (entries, { domain = 'idp', metadata = {} } = {}) =>
      new Promise((resolve, reject) => {
        const sent = new Metadata();
        for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
        const list = Object.entries(entries).map(([key, value]) => ({ key, value }));
        client.ShouldRateLimit({ domain, descriptors: [{ entries: list }] }, sent, (error, answer) => {
          if (error !== null) return reject(error);
          const headers = Object.fromEntries(answer.response_headers_to_add.map(({ key, value }) => [key, value]));
          resolve({ code: answer.overall_code, headers, body: answer.raw_body.toString('utf8') });
        });
      }),
    [Symbol.dispose]: () => client.close(),
  };
}

/** What the key check answered. */
export interface AuthzAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  body: any;
}

/** Asks the key check as Envoy does: HTTP/2 without TLS. */
export async function askAuthz(port: number, path: string, headers: Record<string, string>): Promise<AuthzAnswer> {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    const stream = session.request({ ':path': path, ...headers });
    const answered = new Promise<IncomingHttpHeaders>((resolve, reject) => {
      stream.once('response', resolve);
      stream.once('error', reject);
      session.once('error', reject);
    });
    const got = await answered;
    const body = await text(stream);
    return { status: Number(got[':status']), headers: got, body: body === '' ? undefined : JSON.parse(body) };
  } finally {
    session.close();
  }
}
