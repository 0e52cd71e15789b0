import { isIP } from 'node:net';
import { Refusal } from './refusal.ts';

export interface TypedTarget {
  readonly url: URL;
  readonly secure: boolean;
  /** Lower case; an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
  /** The host is an address, not a name. */
  readonly literal: boolean;
}

const textMax = 2_048;
const printable = /^[\x21-\x7e]+$/;
const shape = /^(https?):\/\/(\[[^\]/?#@]*\]|[^:/?#@[\]\\]*)(?::([^/?#@\\]*))?(?:[/?][^#\\]*)?$/i;
const portText = /^[1-9][0-9]{0,4}$/;

/**
 * Rules 1 and 2: the text, and the host exactly as the WHATWG parser (https://url.spec.whatwg.org/#host-parsing) understands it, so that
 * no two readers of one address can disagree. Throws {@link Refusal}.
 */
export function readTarget(text: string): TypedTarget {
  if (text.length > textMax) throw new Refusal(1, 'longer than 2048 characters');
  if (!printable.test(text)) throw new Refusal(1, 'characters other than printable ASCII');
  const parts = shape.exec(text);
  if (parts === null) throw new Refusal(1, 'not an http or https address without user info, fragment and backslash');
  const typedHost = parts[2] ?? '';
  const typedPort = parts[3];
  if (typedPort !== undefined && !portText.test(typedPort))
    throw new Refusal(1, 'port is not a number from 1 to 65535');
  const url = parse(text);
  if (typedHost === '' || url.hostname !== typedHost.toLowerCase()) {
    throw new Refusal(2, 'host is not in the form the URL standard yields');
  }
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  const secure = url.protocol === 'https:';
  return { url, secure, host, port: Number(typedPort ?? (secure ? 443 : 80)), literal: isIP(host) !== 0 };
}

function parse(text: string): URL {
  try {
    return new URL(text);
  } catch (cause) {
    throw new Refusal(2, 'the URL standard refuses it', { cause });
  }
}
