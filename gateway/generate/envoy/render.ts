import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RouteFile } from '../../routing/route-schema.ts';
import { valuesOf, type EnvoySettings } from './placeholders.ts';
import { envoyFiles, type EnvoyTemplates } from './templates.ts';

/** Puts values where a template has `${NAME}`, as JSON, which is YAML too. Throws for a name without a value. */
export function fill(template: string, values: Readonly<Record<string, unknown>>): string {
  return template.replaceAll(/\$\{([A-Z0-9_]+)\}/g, (_, name: string) => {
    if (!(name in values)) throw new Error(`nothing is given for ${name}`);
    return JSON.stringify(values[name]);
  });
}

/**
 * Fills the templates for one installation and puts them into its folder, each whole at once: a rename is what a running Envoy
 * notices. Resolves to the path of the bootstrap file.
 */
export async function renderEnvoy(
  file: RouteFile,
  templates: EnvoyTemplates,
  settings: EnvoySettings,
): Promise<string> {
  const values = valuesOf(file, settings);
  await mkdir(settings.folder, { recursive: true });
  // Routes name clusters, and listeners routes.
  for (const name of envoyFiles) await replace(join(settings.folder, `${name}.yaml`), fill(templates[name], values));
  return join(settings.folder, 'bootstrap.yaml');
}

async function replace(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  await writeFile(draft, text);
  await rename(draft, path);
}
