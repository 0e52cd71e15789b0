import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hasLiveOwner, takeOwnership } from '../owner-lock.ts';
import { runProgram } from '../process.ts';
import { ToolError, lastLine } from '../tool-error.ts';

/** 4.4.0 does not resolve: `kafka-tools-api` of that version is missing on Maven Central. */
export const kafkaVersion = '4.3.1';

/** Kafka logs through slf4j 1.7, whose binding must be of the same line. */
const project = (version: string): string => `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>idp.tools</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${version}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

/** Where downloads of all clones of this user are kept: `$XDG_CACHE_HOME/idp`, else `~/.cache/idp`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME;
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'idp');
}

/**
 * The folder with the jars of a version of Kafka below `cache`, fetched from Maven Central at the first call (45 MB, some 10 s); a
 * second process waits for the first. Throws ToolError when Maven is missing or cannot resolve them.
 */
export async function kafkaJars(version: string = kafkaVersion, cache: string = cacheFolder()): Promise<string> {
  if (!/^\d+\.\d+\.\d+$/.test(version))
    throw new ToolError(`${version} is no version of Kafka, such as ${kafkaVersion}`);
  const folder = join(cache, `kafka-${version}`);
  const jars = join(folder, 'lib');
  if (existsSync(jars)) return jars;
  await mkdir(folder, { recursive: true });
  const release = await waitForOwnership(join(folder, 'owner'), folder);
  try {
    if (!existsSync(jars)) await fetchJars(version, folder, jars);
  } finally {
    release();
  }
  return jars;
}

/** Under another name until it is whole: a killed download leaves nothing that looks like the jars. */
async function fetchJars(version: string, folder: string, jars: string): Promise<void> {
  const draft = join(folder, 'lib.new');
  const pom = join(folder, 'pom.xml');
  await rm(draft, { recursive: true, force: true });
  await writeFile(pom, project(version));
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${draft}`];
  const { code, output } = await runProgram('mvn', ['-B', '-q', '-ntp', '-f', pom, ...goal]).catch((cause: Error) => {
    throw new ToolError(
      'Maven (mvn) cannot be run; Kafka comes from Maven Central: install maven, or set KAFKA_BROKERS',
      {
        cause,
      },
    );
  });
  if (code !== 0) throw new ToolError(`Kafka ${version} could not be fetched: ${firstError(output)}`);
  await rename(draft, jars);
}

/** Maven's first error is the cause, the later ones are advice. */
function firstError(output: string): string {
  return output.split('\n').find((line) => line.startsWith('[ERROR]')) ?? lastLine(output);
}

async function waitForOwnership(lockFile: string, folder: string): Promise<() => void> {
  for (;;) {
    try {
      return takeOwnership(lockFile, folder);
    } catch (error) {
      if (!hasLiveOwner(lockFile)) throw error;
      await delay(100);
    }
  }
}
