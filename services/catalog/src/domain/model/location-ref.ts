import { createHash } from 'node:crypto';
import { ModelError } from './model-error.ts';

export interface LocationRef {
  type: string;
  target: string;
}

/** Browsers skip control characters and blanks before a scheme, and line ends and tabs inside it: `java\nscript:` is one too. */
const scriptUrl = new RegExp(`^[\\u0000-\\u001F ]*${'javascript'.split('').join('[\\r\\n\\t]*')}[\\r\\n\\t]*:`, 'i');

export function isScriptUrl(target: string): boolean {
  return scriptUrl.test(target);
}

/** Parses `type:target`; refuses bare web addresses and script URLs. Throws ModelError with the text Backstage uses. */
export function parseLocationRef(ref: unknown): LocationRef {
  if (typeof ref !== 'string') {
    throw new ModelError('location-ref', `Unable to parse location ref '${ref}', unexpected argument ${typeof ref}`);
  }
  const colon = ref.indexOf(':');
  const type = colon < 0 ? '' : ref.slice(0, colon).trim();
  const target = colon < 0 ? '' : ref.slice(colon + 1).trim();
  if (!type || !target) {
    throw new ModelError(
      'location-ref',
      `Unable to parse location ref '${ref}', expected '<type>:<target>', e.g. 'url:https://host/path'`,
    );
  }
  if (type === 'http' || type === 'https') {
    throw new ModelError(
      'location-ref',
      `Invalid location ref '${ref}', please prefix it with 'url:', e.g. 'url:${ref}'`,
    );
  }
  if (isScriptUrl(target)) {
    throw new ModelError('location-ref', `Invalid location ref '${ref}', target is a javascript: URL`);
  }
  return { type, target };
}

export function formatLocationRef(ref: LocationRef): string {
  if (!ref.type) throw new ModelError('location-ref', 'Unable to stringify location ref, empty type');
  if (!ref.target) throw new ModelError('location-ref', 'Unable to stringify location ref, empty target');
  const text = `${ref.type}:${ref.target}`;
  if (isScriptUrl(ref.target)) {
    throw new ModelError('location-ref', `Invalid location ref '${text}', target is a javascript: URL`);
  }
  return text;
}

/** Name of the Location entity a registered location stands for; clients derive the same name. */
export function locationEntityName(location: LocationRef): string {
  return `generated-${createHash('sha1').update(formatLocationRef(location)).digest('hex')}`;
}
