/** Plain data of a configuration. */
export type Data = Readonly<Record<string, unknown>>;

/** A message of one of Envoy's extensions: its type beside its fields. */
export function any(type: string, fields: Data = {}): Data {
  return { '@type': `type.googleapis.com/${type}`, ...fields };
}

/** A named extension. */
export function extension(name: string, type: string, fields: Data = {}): Data {
  return { name, typed_config: any(type, fields) };
}
