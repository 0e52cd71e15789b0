import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes an authority in a directory by openssl. PEM text of its certificate. */
export function makeAuthority(directory: string, name: string): string {
  openssl(directory, 'req', '-x509', ...key, '-days', '2', '-subj', `/CN=${name}`, ...outputs(name));
  return readFileSync(join(directory, `${name}.pem`), 'utf8');
}

/** A certificate for 127.0.0.1, signed by an authority of the directory; PEM texts. */
export function makeCertificate(directory: string, authority: string): { certificate: string; key: string } {
  openssl(directory, 'req', ...key, '-subj', '/CN=broker', '-keyout', 'broker.key', '-out', 'broker.csr');
  writeFileSync(join(directory, 'extensions'), 'subjectAltName=IP:127.0.0.1');
  const signer = ['-CA', `${authority}.pem`, '-CAkey', `${authority}.key`, '-CAcreateserial', '-days', '2'];
  openssl(directory, 'x509', '-req', '-in', 'broker.csr', ...signer, '-extfile', 'extensions', '-out', 'broker.pem');
  const read = (file: string): string => readFileSync(join(directory, file), 'utf8');
  return { certificate: `${read('broker.pem')}${read(`${authority}.pem`)}`, key: read('broker.key') };
}

const outputs = (name: string): string[] => ['-keyout', `${name}.key`, '-out', `${name}.pem`];

function openssl(directory: string, ...args: string[]): void {
  execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
}
