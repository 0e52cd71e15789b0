import { mkdir, writeFile } from 'node:fs/promises';
import { routes } from '@idp/gateway';
import { exampleSettings } from '../../gateway/generate/envoy/example.ts';
import { valuesOf } from '../../gateway/generate/envoy/placeholders.ts';
import { fill } from '../../gateway/generate/envoy/render.ts';
import { envoyFiles, envoyTemplates, staticTemplate } from '../../gateway/generate/envoy/templates.ts';

const folder = 'deploy/envoy';

/** The gateway as templates for installations, and filled with example values as one file that Envoy can check. */
export async function writeEnvoyFiles(): Promise<void> {
  const templates = envoyTemplates(routes);
  await mkdir(folder, { recursive: true });
  for (const name of envoyFiles) await writeFile(`${folder}/${name}.yaml.tmpl`, templates[name]);
  const example = fill(staticTemplate(routes), valuesOf(routes, exampleSettings(routes)));
  await writeFile(`${folder}/envoy.yaml`, example);
}
