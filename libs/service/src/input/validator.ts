import type { FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import { ValidationError, type FieldIssue } from '@idp/errors';
import { queryFault } from './query-text.ts';
import { textReader } from './typed-text.ts';

const issuesMax = 50;

const partNames: Record<string, string> = {
  body: 'body',
  querystring: 'query',
  query: 'query',
  params: 'path',
  headers: 'headers',
};

type Checked = { value: unknown } | { error: Error };

/** Validates one part of a request with its zod schema; path and query texts are read by declared type first. */
export const compileValidator: FastifySchemaCompiler<z.core.$ZodType> = ({ schema, httpPart }) => {
  const part = partNames[httpPart ?? 'body'] ?? 'body';
  if (part === 'body') return (input: unknown) => checked(schema, input, part);
  const read = textReader(schema);
  const isQuery = part === 'query';
  return (input: Record<string, unknown>): Checked => {
    const fault = isQuery ? queryFault(input) : undefined;
    if (fault !== undefined) return { error: new ValidationError('the query is not valid', { issues: [fault] }) };
    return checked(schema, read === undefined ? input : read(input), part);
  };
};

function checked(schema: z.core.$ZodType, input: unknown, part: string): Checked {
  const result = z.core.safeParse(schema, input);
  if (result.success) return { value: result.data };
  return { error: invalid(part, result.error.issues) };
}

/** 400 with every issue found; messages never quote the input. */
function invalid(part: string, issues: readonly z.core.$ZodIssue[]): ValidationError {
  const shown = issues.slice(0, issuesMax).flatMap((issue) => fieldIssues(part, issue));
  return new ValidationError(part === 'body' ? 'the body is not valid' : `the ${part} is not valid`, { issues: shown });
}

function fieldIssues(part: string, issue: z.core.$ZodIssue): FieldIssue[] {
  const path = [part, ...issue.path.map(String)].join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .slice(0, issuesMax)
      .map((key) => ({ path: `${path}.${key.slice(0, 128)}`, message: 'is not known here', code: issue.code }));
  }
  return [{ path, message: issue.message, code: issue.code }];
}
