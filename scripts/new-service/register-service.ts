import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument, type YAMLMap } from 'yaml';
import { fill, type Names } from './names.ts';

/** Makes the service known where services are listed: topics, routes, hosts, documentation. */
export async function registerService(root: string, names: Names): Promise<string[]> {
  const edit = async (file: string, change: (text: string) => string): Promise<string> => {
    const before = await readFile(join(root, file), 'utf8');
    const after = change(before);
    if (after === before) throw new Error(`${file}: the place for a new service was not found`);
    await writeFile(join(root, file), after);
    return file;
  };
  const insert = (before: string, line: string) => (text: string) =>
    text.replace(before, () => fill(line, names) + before);
  return [
    await edit('proto/topics.yaml', (text) => addTopics(text, names)),
    await edit(
      'gateway/routes.ts',
      insert(
        "    {\n      id: 'edge.health'",
        "    { id: '__service__', service: '__service__', path: '/api/v1/__service__' },\n\n",
      ),
    ),
    await edit('gateway/package.json', (text) => addDependency(text, `@idp/${names.service}-service`)),
    await edit('gateway/services.ts', (text) => addToFleet(text, names)),
    await edit('README.md', (text) =>
      text.replace(
        /^\| services +\| .*?(?= *\|$)/m,
        (row) => `${row}${fill(' · [__service__](services/__service__/README.md)', names)}`,
      ),
    ),
    await edit(
      'docs/architecture.md',
      insert(
        '\nMore services join',
        '| [__service__](../services/__service__/README.md) | __resources__ about catalog entities |\n',
      ),
    ),
  ];
}

/** What the kernel reads for every service but auth: the catalog's stand for those of the others. */
const kernelConsumer = /^catalog\.(tenants|access|revocations|snapshot-requests)$/;

function addTopics(text: string, names: Names): string {
  const document = parseDocument(text);
  const messages = document.get('messages') as YAMLMap<{ value: string }, YAMLMap>;
  const add = (message: YAMLMap, added: readonly string[]) => {
    const listed = (message.get('consumers') as { toJSON(): string[] } | undefined)?.toJSON() ?? [];
    message.set('consumers', document.createNode([...listed, ...added], { flow: true }));
  };
  for (const { value: message } of messages.items) {
    const listed = (message?.get('consumers') as { toJSON(): string[] } | undefined)?.toJSON() ?? [];
    const kernel = listed.flatMap((consumer) => kernelConsumer.exec(consumer)?.[1] ?? []);
    if (message !== null && kernel.length > 0)
      add(
        message,
        kernel.map((name) => `${names.service}.${name}`),
      );
  }
  add(messages.get('idp.catalog.v1.EntityDeleted' as never, true) as unknown as YAMLMap, [
    fill('__service__.entities', names),
  ]);
  const created = {
    topic: fill('idp.__service__.__resource__.v1', names),
    owner: names.service,
    aggregate: names.resource,
    carries: 'state',
  };
  (messages as YAMLMap).set(
    fill('idp.__service_snake__.v1.__Resource__Created', names),
    document.createNode(created, { flow: true }),
  );
  return document.toString({ lineWidth: 120 });
}

function addDependency(text: string, name: string): string {
  const content = JSON.parse(text) as { dependencies: Record<string, string> };
  const sorted = Object.entries({ ...content.dependencies, [name]: 'workspace:*' }).toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  );
  return `${JSON.stringify({ ...content, dependencies: Object.fromEntries(sorted) }, null, 2)}\n`;
}

function addToFleet(text: string, names: Names): string {
  return text
    .replace(/(import type)/, () =>
      fill("import { __serviceCamel__ } from '@idp/__service__-service';\nimport type", names),
    )
    .replace(
      /(services: readonly AnyService\[\] = \[[^\]]*)\]/,
      (_, list: string) => `${list}, ${fill('__serviceCamel__', names)}]`,
    );
}
