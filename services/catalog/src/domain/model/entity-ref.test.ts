import * as model from '@backstage/catalog-model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatEntityRef, parseEntityRef } from './entity-ref.ts';
import { formatLocationRef, locationEntityName, parseLocationRef } from './location-ref.ts';

/** The value a function returns, or the message it throws. */
function outcome(run: () => unknown): unknown {
  try {
    return { value: run() };
  } catch (err) {
    return { message: (err as Error).message };
  }
}

const refText = fc
  .array(fc.constantFrom('a', 'B', ':', '/', '.', '-', ' ', 'é'), { maxLength: 7 })
  .map((c) => c.join(''));

describe('entity refs', () => {
  it('are read as Backstage reads them, errors included', () => {
    const kinds = fc.constantFrom('API', undefined);
    const property = fc.property(refText, kinds, kinds, (ref, kind, namespace) => {
      const theirs = model.parseEntityRef.bind(undefined, ref, {
        ...(kind === undefined ? {} : { defaultKind: kind }),
        ...(namespace === undefined ? {} : { defaultNamespace: namespace }),
      });
      const defaults = { ...(kind === undefined ? {} : { kind }), ...(namespace === undefined ? {} : { namespace }) };
      expect(outcome(() => parseEntityRef(ref, defaults))).toEqual(outcome(theirs));
    });
    fc.assert(property, { numRuns: 2000 });
  });

  it('have one canonical form', () => {
    expect(formatEntityRef({ kind: 'API', name: 'Foo' })).toBe('api:default/foo');
    expect(formatEntityRef(parseEntityRef('Component:X/y'))).toBe('component:x/y');
  });
});

describe('location refs', () => {
  const targets = fc.oneof(
    refText,
    fc.constantFrom(
      'url:https://a/b',
      'https://a',
      'url: javascript:x',
      'url:java\nscript:x',
      'url:\u0001javascript:x',
      'file:./a',
    ),
  );

  it('are read as Backstage reads them, errors included', () => {
    const property = fc.property(targets, (ref) => {
      expect(outcome(() => parseLocationRef(ref))).toEqual(outcome(() => model.parseLocationRef(ref)));
    });
    fc.assert(property, { numRuns: 2000 });
  });

  it('refuse script URLs when written, too', () => {
    expect(() => formatLocationRef({ type: 'url', target: 'JaVa\tScript:alert(1)' })).toThrow('is a javascript: URL');
  });

  it('name the Location entity of a registered location', () => {
    const location = { type: 'url', target: 'https://github.com/acme/shop/blob/main/catalog-info.yaml' };
    expect(locationEntityName(location)).toBe('generated-cb0a02ed7418408f2f9d82b7e212853b3889fc3c');
  });
});
