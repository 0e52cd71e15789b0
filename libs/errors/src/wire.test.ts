import { describe, expect, test } from 'vitest';
import * as errors from './index.ts';
import {
  AppError,
  AuthError,
  errorCatalogue,
  toWire,
  UnavailableError,
  ValidationError,
  type ErrorCode,
} from './index.ts';

const codes = Object.keys(errorCatalogue) as ErrorCode[];

describe('toWire', () => {
  test('shows nothing of an unknown error', () => {
    for (const thrown of [
      new Error('postgres://u:p@h'),
      new TypeError('x'),
      'text',
      undefined,
      null,
      { status: 200 },
    ]) {
      expect(toWire(thrown)).toEqual({ status: 500, code: 'INTERNAL_ERROR', message: 'Internal error', headers: {} });
    }
  });

  test.each(codes)('%s keeps its status and never shows its cause', (code) => {
    const wire = toWire(new AppError(code, 'shown', { cause: new Error('hidden') }));
    expect(wire.status).toBe(errorCatalogue[code].status);
    expect(JSON.stringify(wire)).not.toContain('hidden');
  });

  test('constant codes answer one body whatever the message', () => {
    const one = toWire(new AuthError('no such user', { code: 'INVALID_CREDENTIALS', details: { user: 'x' } }));
    const other = toWire(new AuthError('wrong password', { code: 'INVALID_CREDENTIALS' }));
    expect(one).toEqual(other);
  });

  test('401 carries a challenge, its own where it brings one', () => {
    expect(toWire(new AuthError('x')).headers).toEqual({ 'www-authenticate': 'Bearer' });
    const own = new AuthError('x', { headers: { 'www-authenticate': 'Bearer error="x"' } });
    expect(toWire(own).headers['www-authenticate']).toBe('Bearer error="x"');
  });

  test.each([
    [undefined, '1'],
    [0.2, '1'],
    [3, '3'],
    [-5, '0'],
  ])('retry after %s s is sent as %s', (retryAfterSeconds, header) => {
    const options = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
    expect(toWire(new UnavailableError('x', options)).headers['retry-after']).toBe(header);
  });

  test('validation errors carry their issues', () => {
    const issues = [{ path: 'body.name', message: 'is required' }];
    expect(toWire(new ValidationError('bad', { issues }))).toMatchObject({ status: 400, details: { issues } });
  });
});

test('every class has the status of its default code', () => {
  const classes = Object.entries(errors).filter(([name]) => name.endsWith('Error') && name !== 'AppError');
  expect(classes).toHaveLength(13);
  for (const [name, ErrorClass] of classes) {
    const error = new (ErrorClass as typeof AuthError)('x');
    expect(error).toBeInstanceOf(AppError);
    expect(error.name).toBe(name);
    expect(error.status).toBe(errorCatalogue[error.code].status);
  }
});
