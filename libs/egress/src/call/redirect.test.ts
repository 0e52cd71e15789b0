import { describe, expect, it } from 'vitest';
import { classes } from '../classes.ts';
import { redirectOf } from './redirect.ts';

const from = (url: string, method = 'GET') => ({ url: new URL(url), method });
const to = (location: string, status = 302) => ({ status, headers: { location } });

describe('redirects', () => {
  it.each([
    ['/x', 'https://a.test/x'],
    ['x', 'https://a.test/b/x'],
    ['https://b.test/#part', 'https://b.test/'],
    ['//0x7f.1/', 'https://0x7f.1/'],
    ['https://127.1/', 'https://127.1/'],
  ])('reads %s without normalising a written host', (location, next) => {
    expect(redirectOf(to(location), from('https://a.test/b/c'), classes.fetch)).toBe(next);
  });

  it.each(['http://b.test/', 'file:///etc/passwd', 'gopher://b.test/'])('never leaves https for %s', (location) => {
    expect(() => redirectOf(to(location), from('https://a.test/'), classes.fetch)).toThrow(/redirected/);
  });

  it('follows nothing where the class does not, with a body, or without a place', () => {
    expect(redirectOf(to('/x'), from('https://a.test/'), classes.webhook)).toBeUndefined();
    expect(redirectOf(to('/x', 307), from('https://a.test/', 'POST'), classes.git)).toBeUndefined();
    expect(redirectOf({ status: 302, headers: {} }, from('https://a.test/'), classes.fetch)).toBeUndefined();
    expect(redirectOf(to('/x', 300), from('https://a.test/'), classes.fetch)).toBeUndefined();
  });
});
