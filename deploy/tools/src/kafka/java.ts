import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { runProgram } from '../process.ts';
import { ToolError } from '../tool-error.ts';

export interface Java {
  program: string;
  /** Differs between two builds: an archive of classes belongs to one. */
  build: string;
}

const oldest = 17;

/** The Java of `JAVA_HOME`, else of `PATH`. Throws ToolError when there is none of 17 or newer, which Kafka 4 needs. */
export async function findJava(env: NodeJS.ProcessEnv = process.env): Promise<Java> {
  const program = env.JAVA_HOME === undefined ? 'java' : join(env.JAVA_HOME, 'bin', 'java');
  const advice = `Kafka needs Java ${oldest} or newer: install openjdk-${oldest}-jre-headless, or set KAFKA_BROKERS`;
  const { output } = await runProgram(program, ['-version'], { env }).catch((cause: Error) => {
    throw new ToolError(`${program} cannot be run; ${advice}`, { cause });
  });
  const version = /version "(\d+)/.exec(output)?.[1];
  if (version === undefined) throw new ToolError(`${program} does not tell its version; ${advice}`);
  if (Number(version) < oldest) throw new ToolError(`${program} is Java ${version}; ${advice}`);
  return { program, build: `${version}-${createHash('sha256').update(output).digest('hex').slice(0, 12)}` };
}
