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

function addTopics(text: string, names: Names): string {
  const document = parseDocument(text);
  const messages = document.get('messages') as YAMLMap;
  const message = (name: string) => messages.get(name, true) as unknown as YAMLMap;
  const consumers = (name: string, consumer: string) => {
    const listed = message(name).get('consumers') as { toJSON(): string[] } | undefined;
    message(name).set('consumers', document.createNode([...(listed?.toJSON() ?? []), consumer], { flow: true }));
  };
  consumers('idp.auth.v1.TenantCreated', fill('__service__.tenants', names));
  consumers('idp.common.v1.SnapshotRequested', fill('__service__.snapshot-requests', names));
  consumers('idp.catalog.v1.EntityDeleted', fill('__service__.entities', names));
  const created = {
    topic: fill('idp.__service__.__resource__.v1', names),
    owner: names.service,
    aggregate: names.resource,
    carries: 'state',
  };
  messages.set(
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
