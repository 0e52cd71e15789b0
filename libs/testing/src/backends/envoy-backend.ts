import { findEnvoy } from '@idp/tools';
import { firstBackend, type Backend } from './backend.ts';

/** Finds an Envoy to run, `findEnvoy` says where. Every test file runs its own: the address is that of the program. Throws BackendMissingError. */
export function findEnvoyBackend(env: NodeJS.ProcessEnv): Promise<Backend> {
  return firstBackend([localEnvoy], env);
}

async function localEnvoy(env: NodeJS.ProcessEnv): Promise<Backend> {
  const { program, version, source } = await findEnvoy(env);
  return { address: program, source: `${source} (${version})`, stop: () => Promise.resolve() };
}
