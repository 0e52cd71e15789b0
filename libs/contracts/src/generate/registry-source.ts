import type { TopicRow } from './topics-file.ts';

const head = '// Generated from proto/topics.yaml by `npm run generate`. Do not edit.\n';

/** TypeScript of the topic registry: one entry per message, each with its generated schema and the hash of its descriptor. */
export function registrySource(rows: readonly TopicRow[], hashes: ReadonlyMap<string, string>): string {
  const sorted = rows.toSorted((a, b) => (a.message < b.message ? -1 : 1));
  const imports = Map.groupBy(sorted, (row) => packageOf(row.message));
  const lines = [...imports].map(
    ([name, group]) =>
      `import {\n${group.map((row) => `  ${schemaOf(row)} as ${alias(row)},\n`).join('')}} from './${name.replaceAll('.', '/')}/events_pb.ts';\n`,
  );
  const entries = sorted.map((row) => `  '${row.message}': ${entry(row, hashes.get(row.message) ?? '')},\n`);
  return [
    head,
    ...lines,
    `import type { EventTypeDefinition } from '../topic-registry.ts';\n\n`,
    'export const eventTypes = {\n',
    ...entries,
    '} as const satisfies Record<string, EventTypeDefinition>;\n',
  ].join('');
}

/** TypeScript that re-exports the messages of every package. */
export function messagesSource(rows: readonly TopicRow[]): string {
  const packages = [...new Set(rows.map((row) => packageOf(row.message)))].toSorted();
  return head + packages.map((name) => `export * from './${name.replaceAll('.', '/')}/events_pb.ts';\n`).join('');
}

function packageOf(message: string): string {
  return message.slice(0, message.lastIndexOf('.'));
}

function schemaOf(row: TopicRow): string {
  return `${row.message.slice(row.message.lastIndexOf('.') + 1)}Schema`;
}

/** Two packages may have a message of one name. */
function alias(row: TopicRow): string {
  const service = packageOf(row.message).split('.')[1] ?? '';
  return `${service}${schemaOf(row)}`;
}

function entry(row: TopicRow, hash: string): string {
  const { message, owner, ...columns } = row;
  const dataSchema = `buf:${message}#${hash}`;
  const fields = Object.entries({ ...columns, owner: owner ?? '{service}', dataSchema }).map(
    ([key, value]) => `    ${key}: ${JSON.stringify(value)},\n`,
  );
  return `{\n    schema: ${alias(row)},\n${fields.join('')}  }`;
}
