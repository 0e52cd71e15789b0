import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export interface Identity {
  readonly cert: string;
  readonly key: string;
}

interface Authority extends Identity {
  readonly name: string;
  readonly privateKey: KeyObject;
}

export interface CertificateAuthority {
  readonly cert: string;
  issue(host: string, options?: { expired?: boolean; selfSigned?: boolean }): Identity;
}

const dayMs = 86_400_000;

/** A certificate authority for one test run (X.509 v3 in DER, RFC 5280; P-256, ECDSA with SHA-256). */
export function createAuthority(): CertificateAuthority {
  const root = certificate({ name: 'Test authority', authority: true, from: -1, to: 30 });
  return {
    cert: root.cert,
    issue(host, { expired = false, selfSigned = false } = {}) {
      const time = expired ? { from: -30, to: -1 } : { from: -1, to: 30 };
      return certificate({ name: host, authority: false, ...time, ...(selfSigned ? {} : { issuer: root }) });
    },
  };
}

function certificate(options: {
  name: string;
  authority: boolean;
  from: number;
  to: number;
  issuer?: Authority;
}): Authority {
  const { name, authority } = options;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = options.issuer ?? { name, privateKey };
  const algorithm = sequence(oid('2a8648ce3d040302'));
  const extension = authority
    ? sequence(oid('551d13'), tlv(0x01, Buffer.from([0xff])), tlv(0x04, sequence(tlv(0x01, Buffer.from([0xff])))))
    : sequence(oid('551d11'), tlv(0x04, sequence(tlv(0x82, Buffer.from(name)))));
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    distinguishedName(issuer.name),
    sequence(time(options.from), time(options.to)),
    distinguishedName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(extension)),
  );
  const signature = sign('sha256', body, issuer.privateKey);
  const der = sequence(body, algorithm, tlv(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = der
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n')
    .trimEnd();
  const cert = `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  return { name, privateKey, cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

function tlv(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function oid(hex: string): Buffer {
  return tlv(0x06, Buffer.from(hex, 'hex'));
}

function distinguishedName(name: string): Buffer {
  return sequence(tlv(0x31, sequence(oid('550403'), tlv(0x0c, Buffer.from(name)))));
}

function time(days: number): Buffer {
  const text = new Date(Date.now() + days * dayMs).toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return tlv(0x17, Buffer.from(`${text}Z`));
}
