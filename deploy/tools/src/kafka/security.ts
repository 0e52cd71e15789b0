import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How clients reach a local cluster; brokers speak to each other in plain text on 127.0.0.1. */
export interface KafkaSecurity {
  /** PEM texts: the certificate of the brokers, with the chain to its authority, and its key in PKCS #8. */
  tls?: { certificate: string; key: string };
  /** Passwords by user, who logs in by PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. */
  users?: Readonly<Record<string, string>>;
  /** Users who may do everything. With this, others may do only what ACLs say. */
  administrators?: readonly string[];
}

const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];
const listener = 'listener.name.clients';

/** The protocol of the listener for clients. */
export function clientProtocol({ tls, users }: KafkaSecurity): string {
  const transport = tls === undefined ? 'PLAINTEXT' : 'SSL';
  return users === undefined ? transport : `SASL_${transport}`;
}

/** Settings of a broker; its certificate is written into `directory`. */
export async function securityProperties(security: KafkaSecurity, directory: string): Promise<Record<string, string>> {
  const { tls, users, administrators } = security;
  const properties: Record<string, string> = {};
  if (tls !== undefined) {
    const keystore = join(directory, 'keystore.pem');
    await writeFile(keystore, `${tls.key}\n${tls.certificate}\n`, { mode: 0o600 });
    properties[`${listener}.ssl.keystore.type`] = 'PEM';
    properties[`${listener}.ssl.keystore.location`] = keystore;
  }
  if (users !== undefined) {
    const plain = Object.entries(users).map(([user, password]) => `user_${user}="${password}"`);
    properties[`${listener}.sasl.enabled.mechanisms`] = mechanisms.join();
    properties[`${listener}.plain.sasl.jaas.config`] = loginModule('plain.PlainLoginModule', plain);
    for (const mechanism of mechanisms.slice(1)) {
      properties[`${listener}.${mechanism.toLowerCase()}.sasl.jaas.config`] = loginModule('scram.ScramLoginModule');
    }
  }
  if (administrators !== undefined) {
    // Nobody logs in between brokers.
    const names = ['ANONYMOUS', ...administrators];
    properties['authorizer.class.name'] = 'org.apache.kafka.metadata.authorizer.StandardAuthorizer';
    properties['super.users'] = names.map((name) => `User:${name}`).join(';');
  }
  return properties;
}

/** SCRAM users live in the metadata of a cluster: arguments of the tool that formats it. */
export function scramArguments({ users = {} }: KafkaSecurity): string[] {
  return mechanisms
    .slice(1)
    .flatMap((mechanism) =>
      Object.entries(users).flatMap(([user, password]) => [
        '--add-scram',
        `${mechanism}=[name=${user},password=${password}]`,
      ]),
    );
}

function loginModule(name: string, options: readonly string[] = []): string {
  return ['org.apache.kafka.common.security.' + name, 'required', ...options].join(' ') + ';';
}
