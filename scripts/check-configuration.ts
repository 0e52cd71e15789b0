// Every variable in code is explained in docs/configuration.md.
import { readFile } from 'node:fs/promises';
import { services } from '@idp/gateway';
import { kernelConfig } from '@idp/service';
import { edgeConfig } from '../gateway/edge/host/config.ts';
import { hostConfig } from '../gateway/embedded/host/config.ts';

const page = await readFile('docs/configuration.md', 'utf8');
const schemas = [kernelConfig, hostConfig, edgeConfig, ...services.map((service) => service.config)];
const names = new Set(schemas.flatMap((schema) => Object.keys(schema.shape as object)));
const missing = [...names].filter((name) => !page.includes(`\`${name}\``));
for (const name of missing) console.log(`docs/configuration.md does not explain ${name}`);
process.exit(missing.length === 0 ? 0 : 1);
