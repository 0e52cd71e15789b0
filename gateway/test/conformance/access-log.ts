import { expect } from 'vitest';
import { z } from 'zod';
import type { Target } from './targets/target.ts';

/** Fields of a line of the access log, the same of every target. */
const line = z.object({
  service: z.literal('gateway'),
  requestId: z.string().min(1),
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  method: z.string(),
  path: z.string().startsWith('/'),
  route: z.string(),
  upstream: z.string().optional(),
  status: z.int(),
  errorCode: z.string().optional(),
  durationMs: z.number().min(0),
  upstreamMs: z.number().min(0).optional(),
  bytesIn: z.number().min(0),
  bytesOut: z.number().min(0),
  tenantId: z.string().optional(),
  subject: z.string().optional(),
  keyId: z.string().optional(),
  clientIp: z.string(),
  userAgent: z.string().optional(),
});

/** Waits for the line of a request. Fails when it has another form. */
export async function logLine(target: Target, requestId: string): Promise<z.output<typeof line>> {
  const find = () => target.log.find((one) => one['requestId'] === requestId);
  await expect.poll(find).toBeDefined();
  return line.parse(find());
}
