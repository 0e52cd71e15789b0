import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, fetchOnce } from '../cached.ts';
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

/**
 * The folder with the jars of a version of Kafka below `cache`, fetched from Maven Central at the first call (45 MB, some 10 s); a
 * second process waits for the first. Throws ToolError when Maven is missing or cannot resolve them.
 */
export async function kafkaJars(version: string = kafkaVersion, cache: string = cacheFolder()): Promise<string> {
  if (!/^\d+\.\d+\.\d+$/.test(version))
    throw new ToolError(`${version} is no version of Kafka, such as ${kafkaVersion}`);
  const folder = join(cache, `kafka-${version}`);
  return fetchOnce(folder, 'lib', (draft) => fetchJars(version, folder, draft));
}

async function fetchJars(version: string, folder: string, draft: string): Promise<void> {
  const pom = join(folder, 'pom.xml');
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
}

/** Maven's first error is the cause, the later ones are advice. */
function firstError(output: string): string {
  return output.split('\n').find((line) => line.startsWith('[ERROR]')) ?? lastLine(output);
}
