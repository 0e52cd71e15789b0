import { create, ScalarType, type DescField, type DescMessage, type MessageShape } from '@bufbuild/protobuf';

const tenantId = '01900000-0000-7000-8000-000000000001';

/** A message with every field set, the same at each call: what the golden bytes of a release are made from. */
export function sampleMessage<Desc extends DescMessage>(schema: Desc): MessageShape<Desc> {
  if (schema.typeName === 'google.protobuf.Timestamp') {
    return create(schema, { seconds: 1_790_000_000n, nanos: 123_000_000 } as never);
  }
  const values = schema.fields.map((field) => [field.localName, sampleField(field)]);
  return create(schema, Object.fromEntries(values) as never);
}

function sampleField(field: DescField): unknown {
  switch (field.fieldKind) {
    case 'scalar':
      return field.name === 'tenant_id' ? tenantId : sampleScalar(field.scalar, field);
    case 'enum':
      return field.enum.values.at(-1)!.number;
    case 'message':
      return sampleMessage(field.message);
    case 'list':
      return [sampleElement(field), sampleElement(field)];
    case 'map':
      throw new Error(`${field.parent.typeName}.${field.name}: golden bytes of maps have no fixed order`);
  }
}

function sampleElement(field: DescField & { fieldKind: 'list' }): unknown {
  if (field.listKind === 'message') return sampleMessage(field.message);
  return field.listKind === 'enum' ? field.enum.values.at(-1)!.number : sampleScalar(field.scalar, field);
}

function sampleScalar(scalar: ScalarType, { name, number }: DescField): unknown {
  switch (scalar) {
    case ScalarType.STRING:
      return `${name} ✓ ${number}`;
    case ScalarType.BOOL:
      return true;
    case ScalarType.BYTES:
      return new Uint8Array([0, 255, number]);
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 9_007_199_254_740_993n + BigInt(number);
    default:
      return number;
  }
}
