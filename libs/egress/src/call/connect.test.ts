import { expect, it, vi } from 'vitest';
import { pinnedConnector } from './connect.ts';

type Base = NonNullable<Parameters<typeof pinnedConnector>[0]['base']>;

function connectedTo(remoteAddress: string | undefined) {
  const destroy = vi.fn();
  const base = ((_target: unknown, callback: (error: null, socket: unknown) => void) =>
    callback(null, { remoteAddress, destroy })) as unknown as Base;
  const outcome = vi.fn();
  pinnedConnector({ addresses: ['93.184.216.34', '2606:4700::1'], base })({} as Parameters<Base>[0], outcome);
  return { outcome, destroy };
}

it.each(['93.184.216.34', '2606:4700:0::1'])('hands over a connection to the checked address %s', (address) => {
  const { outcome, destroy } = connectedTo(address);
  expect(outcome).toHaveBeenCalledWith(null, expect.anything());
  expect(destroy).not.toHaveBeenCalled();
});

it.each(['127.0.0.1', '::ffff:93.184.216.34', undefined])('destroys a connection that ended at %s', (address) => {
  const { outcome, destroy } = connectedTo(address);
  expect(outcome).toHaveBeenCalledWith(
    expect.objectContaining({ message: expect.stringContaining('not checked') as string }),
    null,
  );
  expect(destroy).toHaveBeenCalledOnce();
});
