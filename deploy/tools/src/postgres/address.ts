import { join } from 'node:path';
import { freePort } from '../free-port.ts';

/** Where the server listens: a Unix socket in `directory`, or 127.0.0.1. `port` names the socket file in the first case. */
export type Address = { kind: 'socket'; directory: string; port: number } | { kind: 'tcp'; host: string; port: number };

/** `sun_path` holds 108 bytes with its closing zero; macOS has 104. */
const socketPathMaxBytes = process.platform === 'darwin' ? 103 : 107;

const defaultPort = 5432;

/** A socket below `run`, or a free port of 127.0.0.1 where the socket's path would be too long. */
export async function chooseAddress(run: string, port: number | undefined): Promise<Address> {
  const socket = join(run, `.s.PGSQL.${port ?? defaultPort}`);
  if (Buffer.byteLength(socket) <= socketPathMaxBytes)
    return { kind: 'socket', directory: run, port: port ?? defaultPort };
  return { kind: 'tcp', host: '127.0.0.1', port: port ?? (await freePort()) };
}

/** Server options for the address. Quoted, because the socket setting is a comma list. */
export function listenOptions(address: Address): string[] {
  const directories = address.kind === 'socket' ? `"${address.directory.replaceAll('"', '""')}"` : '';
  const host = address.kind === 'tcp' ? address.host : '';
  return ['-p', String(address.port), '-c', `unix_socket_directories=${directories}`, '-c', `listen_addresses=${host}`];
}

/**
 * URL understood by libpq and by `pg`, whose URL classes demand a host before the path: the real one, a folder, is in the
 * query and wins.
 */
export function connectionUrl(address: Address, user: string, password: string, database = 'postgres'): string {
  const host = address.kind === 'tcp' ? address.host : 'localhost';
  const url = new URL(`postgresql://${host}:${address.port}/${database}`);
  url.username = user;
  url.password = password;
  if (address.kind === 'socket') url.searchParams.set('host', address.directory);
  return url.href;
}
