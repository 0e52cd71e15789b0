import type { TopicRow } from './topics-file.ts';

/** Where a message is written: its file below proto/, and the first digits of its descriptor's hash. */
export interface EventSource {
  file: string;
  hash: string;
}

type EventSources = ReadonlyMap<string, EventSource>;

const head = '// Generated from proto/topics.yaml by `npm run generate`. Do not edit.\n';

/** TypeScript of the topic registry: one entry per message, each with its generated schema and the hash of its descriptor. */
export function registrySource(rows: readonly TopicRow[], sources: EventSources): string {
  const sorted = rows.toSorted((a, b) => (a.message < b.message ? -1 : 1));
  const imports = [...Map.groupBy(sorted, (row) => moduleOf(row, sources))].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const lines = imports.map(
    ([name, group]) =>
      `import {\n${group.map((row) => `  ${schemaOf(row)} as ${alias(row)},\n`).join('')}} from '${name}';\n`,
  );
  const entries = sorted.map((row) => `  '${row.message}': ${entry(row, sources.get(row.message)?.hash ?? '')},\n`);
  return [
    head,
    ...lines,
    `import type { EventTypeDefinition } from '../topic-registry.ts';\n\n`,
    'export const eventTypes = {\n',
    ...entries,
    '} as const satisfies Record<string, EventTypeDefinition>;\n',
  ].join('');
}

/** TypeScript that re-exports the messages of every file. */
export function messagesSource(rows: readonly TopicRow[], sources: EventSources): string {
  const modules = [...new Set(rows.map((row) => moduleOf(row, sources)))].toSorted();
  return head + modules.map((name) => `export * from '${name}';\n`).join('');
}

function moduleOf(row: TopicRow, sources: EventSources): string {
  const file = sources.get(row.message)?.file ?? `${packageOf(row.message).replaceAll('.', '/')}/events.proto`;
  return `./${file.replace(/\.proto$/, '_pb.ts')}`;
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
