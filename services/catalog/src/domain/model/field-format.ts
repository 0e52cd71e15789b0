import type { Entity } from './entity.ts';
import { type DocumentPath, ModelError } from './model-error.ts';

type Test = (value: unknown) => boolean;
interface Format {
  test: Test;
  expected: string | undefined;
}

const moreInformation =
  'To learn more about catalog file format, visit: https://github.com/backstage/backstage/blob/master/docs/architecture-decisions/adr002-default-catalog-file-format.md';

const matches = (pattern: RegExp, max: number): Test => {
  return (value) => typeof value === 'string' && value.length >= 1 && value.length <= max && pattern.test(value);
};

const dnsLabel = matches(/^[a-z0-9]+(?:-+[a-z0-9]+)*$/, 63);
const objectName = matches(/^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/, 63);
const versionName = matches(/^[a-z0-9A-Z]+$/, 63);

const dnsSubdomain: Test = (value) => {
  return typeof value === 'string' && value.length >= 1 && value.length <= 253 && value.split('.').every(dnsLabel);
};

const prefixed = (suffix: Test): Test => {
  return (value) => {
    if (typeof value !== 'string') return false;
    const parts = value.split('/');
    return parts.length === 1 ? suffix(parts[0]) : parts.length === 2 && dnsSubdomain(parts[0]) && suffix(parts[1]);
  };
};

const nameText = 'a string that is sequences of [a-zA-Z0-9] separated by any of [-_.], at most 63 characters in total';
const formats = {
  apiVersion: { test: prefixed(versionName), expected: 'a valid prefix and/or suffix' },
  kind: {
    test: matches(/^[a-zA-Z][a-z0-9A-Z]*$/, 63),
    expected: 'a string that is a sequence of [a-zA-Z][a-z0-9A-Z], at most 63 characters in total',
  },
  name: { test: objectName, expected: nameText },
  namespace: {
    test: dnsLabel,
    expected: 'a string that is sequences of [a-z0-9] separated by [-], at most 63 characters in total',
  },
  prefixedKey: { test: prefixed(objectName), expected: 'a valid prefix and/or suffix' },
  labelValue: { test: (value) => value === '' || objectName(value), expected: nameText },
  annotationValue: { test: (value) => typeof value === 'string', expected: 'a string' },
  tag: {
    test: matches(/^[a-z0-9:+#]+(-[a-z0-9:+#]+)*$/, 63),
    expected: 'a string that is sequences of [a-z0-9+#] separated by [-], at most 63 characters in total',
  },
  url: { test: (value) => typeof value === 'string' && URL.canParse(value), expected: 'a string that is a valid url' },
  text: { test: (value) => typeof value === 'string' && value.trim().length > 0, expected: 'a non empty string' },
} satisfies Record<string, Format>;

function check(field: string, value: unknown, format: Format, path: DocumentPath): void {
  if (value === undefined || value === null) throw new ModelError('format', `${field} must have a value`, path);
  if (format.test(value)) return;
  throw new ModelError(
    'format',
    `"${field}" is not valid; expected ${format.expected} but found "${value}". ${moreInformation}`,
    path,
  );
}

function checkOptional(field: string, value: unknown, format: Format, path: DocumentPath): void {
  if (value !== undefined) check(field, value, format, path);
}

/** Checks the formats of the common fields, in the order and with the texts of Backstage's FieldFormatEntityPolicy. */
export function checkFieldFormats(entity: Entity): void {
  const { metadata } = entity;
  check('apiVersion', entity.apiVersion, formats.apiVersion, ['apiVersion']);
  check('kind', entity.kind, formats.kind, ['kind']);
  check('metadata.name', metadata.name, formats.name, ['metadata', 'name']);
  checkOptional('metadata.namespace', metadata.namespace, formats.namespace, ['metadata', 'namespace']);
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    const path = ['metadata', 'labels', key];
    check(`labels.${key}`, key, formats.prefixedKey, path);
    check(`labels.${key}`, value, formats.labelValue, path);
  }
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    const path = ['metadata', 'annotations', key];
    check(`annotations.${key}`, key, formats.prefixedKey, path);
    check(`annotations.${key}`, value, formats.annotationValue, path);
  }
  for (const [i, tag] of (metadata.tags ?? []).entries()) {
    check(`tags.${i}`, tag, formats.tag, ['metadata', 'tags', i]);
  }
  for (const [i, link] of (metadata.links ?? []).entries()) {
    const path = ['metadata', 'links', i];
    check(`links.${i}.url`, link.url, formats.url, [...path, 'url']);
    checkOptional(`links.${i}.title`, link.title, formats.text, [...path, 'title']);
    checkOptional(`links.${i}.icon`, link.icon, formats.text, [...path, 'icon']);
  }
}
