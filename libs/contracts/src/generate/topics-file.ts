import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

const name = z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
const columns = z.strictObject({
  topic: z.string().regex(/^idp\.([a-z0-9-]+|\{service\})\.[a-z0-9-]+\.v[1-9][0-9]*$/),
  owner: name.optional(),
  aggregate: name,
  partitions: z.int().min(1).max(512),
  retentionHours: z.int().min(1),
  cleanup: z.enum(['delete', 'compact']),
  carries: z.enum(['state', 'fact']),
  pii: z.enum(['none', 'indirect', 'direct']),
  beats: z.boolean(),
  notFor: z.array(name).default([]),
  consumers: z.array(z.string().regex(/^[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*$/)),
});
const file = z.strictObject({
  defaults: columns.partial(),
  messages: z.record(z.string(), z.record(z.string(), z.unknown())),
});

export type TopicRow = z.output<typeof columns> & { message: string };

/** Rows of proto/topics.yaml with the defaults filled in. Throws an Error that lists every rule a row breaks. */
export function readTopicRows(path: URL): readonly TopicRow[] {
  const { defaults, messages } = file.parse(parse(readFileSync(path, 'utf8')));
  const problems: string[] = [];
  const rows = Object.entries(messages).flatMap(([message, row]) => {
    const parsed = columns.safeParse({ ...defaults, ...row });
    if (parsed.success) return [{ ...parsed.data, message }];
    problems.push(`${message}: ${z.prettifyError(parsed.error)}`);
    return [];
  });
  problems.push(...rows.flatMap(ownerProblems), ...topicProblems(rows));
  if (problems.length > 0) throw new Error(`proto/topics.yaml:\n${problems.join('\n')}`);
  return rows;
}

function ownerProblems(row: TopicRow): string[] {
  const shared = row.topic.includes('{service}');
  if (shared !== (row.owner === undefined)) return [`${row.message}: owner is absent exactly for topics of {service}`];
  const expected = `idp.${row.owner ?? '{service}'}.${row.aggregate}.`;
  return row.topic.startsWith(expected) ? [] : [`${row.message}: topic ${row.topic} does not start with ${expected}`];
}

/** What a broker holds per topic cannot differ between two messages on it. */
function topicProblems(rows: readonly TopicRow[]): string[] {
  const first = new Map<string, TopicRow>();
  const problems: string[] = [];
  for (const row of rows) {
    const other = first.get(row.topic) ?? row;
    first.set(row.topic, other);
    for (const column of ['partitions', 'retentionHours', 'cleanup', 'beats'] as const) {
      if (row[column] !== other[column]) problems.push(`${row.message}: ${column} differs from ${other.message}`);
    }
  }
  return problems;
}
