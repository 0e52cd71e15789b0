import { mkdir, writeFile } from 'node:fs/promises';
import { kafkaAclsOf, type KafkaAcl } from '@idp/events';
import { brokerPrincipals } from '@idp/gateway';

const folder = 'deploy/kafka';
const head = `# Rights of the services' principals on the Kafka brokers. Written by \`npm run generate\` from proto/topics.yaml; given to the brokers by
# \`npm run migrate -- --kafka-acls\`. read and write are topics, with DESCRIBE and DESCRIBE_CONFIGS; groups begin so: READ and DELETE.
`;

/** What each principal may do, for reviewers and for whoever manages the brokers by other means. */
export async function writeKafkaAcls(): Promise<void> {
  const sections = brokerPrincipals.map((name) => section(kafkaAclsOf(name)));
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/acls.yaml`, head + sections.join(''));
}

function section(acls: readonly KafkaAcl[]): string {
  const may = (operation: KafkaAcl['operations'][number]): string => {
    const names = acls
      .filter(({ resource, operations }) => resource === 'topic' && operations.includes(operation))
      .map(({ name }) => `    - ${name}\n`);
    return names.length === 0 ? ' []\n' : `\n${names.join('')}`;
  };
  const groups = acls.filter(({ resource }) => resource === 'group').map(({ name }) => `    - ${name}*\n`);
  return `${acls[0]!.principal}:\n  write:${may('write')}  read:${may('read')}  groups:\n${groups.join('')}`;
}
