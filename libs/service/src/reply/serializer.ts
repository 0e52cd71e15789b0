import type { FastifySerializerCompiler } from 'fastify';
import { z } from 'zod';
import { compileStrip } from './strip.ts';

/** An answer that its route does not describe: a defect of the service, answered 500. */
class AnswerError extends Error {
  constructor(route: string, problem: string) {
    super(`${route}: ${problem}`);
    this.name = 'AnswerError';
  }
}

type ResponseSchema = z.core.$ZodType | { properties: z.core.$ZodType };

/**
 * Serializer of answers: strips to the schema of the status, then JSON.stringify. With `check` (tests) the stripped answer
 * is validated as well. A success status without a schema of its own falls to `default`, the error envelope, and is refused.
 */
export function createSerializerCompiler({ check }: { check: boolean }): FastifySerializerCompiler<ResponseSchema> {
  return ({ schema: given, method, url, httpStatus }) => {
    const schema = given instanceof z.core.$ZodType ? given : given.properties;
    const strip = compileStrip(schema);
    const route = `${method} ${url}`;
    const isDefault = httpStatus === 'default';
    return (data) => {
      if (isDefault && !isErrorBody(data)) throw new AnswerError(route, 'this status has no schema');
      const stripped = strip(data);
      if (check) assertDescribed(schema, stripped, route);
      return JSON.stringify(stripped);
    };
  };
}

function isErrorBody(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'error' in data;
}

function assertDescribed(schema: z.core.$ZodType, answer: unknown, route: string): void {
  const result = z.core.safeParse(schema, JSON.parse(JSON.stringify(answer)));
  if (result.success) return;
  const issues = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new AnswerError(route, `the answer does not match its schema (${issues.join('; ')})`);
}
