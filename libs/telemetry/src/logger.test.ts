import { describe, expect, test } from 'vitest';
import { createTelemetry, runInContext, type Telemetry } from './index.ts';

function capture(): { telemetry: Telemetry; lines: string[]; last: () => Record<string, unknown> } {
  const lines: string[] = [];
  const telemetry = createTelemetry({
    service: 'demo',
    version: '1.0.0',
    level: 'debug',
    destination: { write: (line) => void lines.push(line) },
  });
  return { telemetry, lines, last: () => JSON.parse(lines.at(-1)!) };
}

// Shapes only: none of these opens anything.
const secrets = [
  `ghp_${'a1B2'.repeat(9)}`,
  `github_pat_${'a'.repeat(22)}_${'b'.repeat(59)}`,
  `glpat-${'x'.repeat(20)}`,
  `xoxb-123456789012-${'a'.repeat(24)}`,
  `AKIA${'A'.repeat(16)}`,
  `AIza${'x'.repeat(35)}`,
  `sk_live_${'a'.repeat(24)}`,
  `sk-ant-${'a'.repeat(40)}`,
  `npm_${'a'.repeat(36)}`,
  `idp_live_${'a'.repeat(32)}`,
  `hvs.${'a'.repeat(24)}`,
  `eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.${'a'.repeat(43)}`,
  `Bearer ${'a'.repeat(32)}`,
  `-----BEGIN PRIVATE KEY-----\n${'A'.repeat(64)}\n-----END PRIVATE KEY-----`,
];

describe('a log line', () => {
  test('holds allow-listed fields only and names the others', () => {
    const { telemetry, last } = capture();
    telemetry.logger.info({ route: '/x', password: 'hunter2', body: { a: 1 } }, 'request');
    expect(last()).toEqual({
      level: 'info',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      service: 'demo',
      version: '1.0.0',
      route: '/x',
      dropped: ['password', 'body'],
      message: 'request',
    });
  });

  test.each(secrets)('never holds %s', async (secret) => {
    const { telemetry, lines } = capture();
    telemetry.logger.info(`message ${secret}`);
    telemetry.logger.info({ reason: `x=${secret}` });
    telemetry.logger.error({ err: new Error(`failed: ${secret}`, { cause: new Error(secret) }) }, 'failed');
    telemetry.logger.child({ reason: secret }).warn(new Error(secret));
    telemetry.logger.info({ file: { nested: [secret] } });
    for (const line of lines) expect(line).not.toContain(JSON.stringify(secret).slice(1, -1).slice(-16));
    expect(lines.join()).toMatch(/sha256:[0-9a-f]{8}/);
    expect(await telemetry.metrics.registry.metrics()).toMatch(/log_redactions_total\{[^}]*\} [1-9]/);
  });

  test('keeps the address of a connection URL but not its password', () => {
    const { telemetry, last } = capture();
    telemetry.logger.warn({ url: 'postgres://app:hunter2@db.test/idp' }, 'slow');
    expect(last()['url']).toMatch(/^postgres:\/\/app:sha256:[0-9a-f]{8}@db\.test\/idp$/);
  });

  test.each(['a\r\nb', '\u001b[31mred', '\u202egnp.exe', 'a\u2028b', '\u0085', '\u007f'])(
    'shows %j escaped',
    (text) => {
      const { telemetry, lines, last } = capture();
      telemetry.logger.info({ reason: text }, text);
      expect(lines).toHaveLength(1);
      for (const value of [last()['message'], last()['reason']]) {
        expect(value).toMatch(/^[ -~]*$/);
        expect(value).toContain('\\u{');
      }
    },
  );

  test('is at most 8 KiB', () => {
    const { telemetry, lines, last } = capture();
    telemetry.logger.error(
      { reason: 'é'.repeat(5000), file: Array.from({ length: 20 }, () => 'x'.repeat(2000)), status: 500 },
      'm'.repeat(9000),
    );
    expect(Buffer.byteLength(lines[0]!)).toBeLessThanOrEqual(8192);
    expect(last()).toMatchObject({ level: 'error', status: 500, truncated: true });
  });

  test('carries the ids of the operation in hand', () => {
    const { telemetry, last } = capture();
    const context = { requestId: 'r', traceId: 't', spanId: 's', traceparent: '', tenantId: 'tenant', actor: 'user:1' };
    runInContext(context, () => telemetry.logger.info('x'));
    expect(last()).toMatchObject({ requestId: 'r', traceId: 't', spanId: 's', tenantId: 'tenant', actor: 'user:1' });
    telemetry.logger.info('outside');
    expect(last()).not.toHaveProperty('requestId');
  });

  test('of an error holds type, message, stack and causes, and nothing libraries hung onto it', () => {
    const { telemetry, last } = capture();
    const error = Object.assign(new TypeError('broken', { cause: new Error('below') }), {
      config: { auth: 'hunter2' },
      code: 'E1',
    });
    telemetry.logger.error(error);
    expect(last()).toMatchObject({
      message: 'broken',
      err: { name: 'TypeError', code: 'E1', message: 'broken', cause: { message: 'below' } },
    });
    expect(JSON.stringify(last())).not.toContain('hunter2');
  });
});
