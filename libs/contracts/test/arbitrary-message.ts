import { create, ScalarType, type DescField, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import fc from 'fast-check';

const text = fc.string({ unit: 'binary', maxLength: 40 }).map((value) => value.toWellFormed());
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

/** Any message of a type: fields set or not, unknown enum numbers, any text that is Unicode. */
export function arbitraryMessage<Desc extends DescMessage>(schema: Desc): fc.Arbitrary<MessageShape<Desc>> {
  const fields = Object.fromEntries(schema.fields.map((field) => [field.localName, arbitraryField(field)]));
  return fc.record(fields, { requiredKeys: [] }).map((values) => create(schema, values as never));
}

function arbitraryField(field: DescField): fc.Arbitrary<unknown> {
  switch (field.fieldKind) {
    case 'scalar':
      return arbitraryScalar(field.scalar);
    case 'enum':
      return fc.nat({ max: 20 });
    case 'message':
      return arbitraryNested(field.message);
    case 'list':
      return fc.array(field.listKind === 'message' ? arbitraryNested(field.message) : text, { maxLength: 4 });
    case 'map':
      throw new Error(`no arbitrary for map ${field.name}`);
  }
}

function arbitraryNested(schema: DescMessage): fc.Arbitrary<unknown> {
  if (schema.typeName !== 'google.protobuf.Timestamp') return arbitraryMessage(schema);
  const nanos = fc.nat({ max: 999_999_999 });
  return fc
    .record({ seconds: fc.bigInt({ min: -62_135_596_800n, max: 253_402_300_799n }), nanos })
    .map((value) => create(schema, value as never));
}

function arbitraryScalar(scalar: ScalarType): fc.Arbitrary<unknown> {
  if (scalar === ScalarType.STRING) return text;
  if (scalar === ScalarType.BOOL) return fc.boolean();
  if (scalar === ScalarType.INT64) return long;
  if (scalar === ScalarType.INT32) return fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  if (scalar === ScalarType.BYTES) return fc.uint8Array({ maxLength: 20 });
  throw new Error(`no arbitrary for scalar ${scalar}`);
}
