import { describe, expect, it } from 'vitest';
import { fill, namesOf } from './names.ts';

describe('names of a new service', () => {
  const names = namesOf('release-notes', 'note', ['auth']);

  it('fills every form of both names', () => {
    const template = '__service__ __Service__ __serviceCamel__ __service_snake__ list__Resource__s __resources__';
    expect(fill(template, names)).toBe('release-notes ReleaseNotes releaseNotes release_notes listNotes notes');
  });

  it('leaves what is no placeholder', () => {
    expect(fill('__dirname__ {{app}} 0001___resources_snake__', names)).toBe('__dirname__ {{app}} 0001_notes');
  });

  it.each([undefined, 'Release', 'a_b', '-a', 'auth', 'x'.repeat(41)])('refuses %s', (service) => {
    expect(() => namesOf(service, 'note', ['auth'])).toThrow();
  });

  it('refuses a resource that is no single word', () => {
    expect(() => namesOf('a', 'release-note', [])).toThrow(/one lower-case word/);
  });
});
