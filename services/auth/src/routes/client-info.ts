import type { FastifyRequest } from 'fastify';
import type { ClientInfo } from '../operations/log-in.ts';
import { createDeviceCookie } from './device-cookie.ts';

/** Where requests come from; `publicUrl` decides the name of the cookie by which a device is known again. */
export function createClientInfo(publicUrl: string): (request: FastifyRequest) => ClientInfo {
  const cookie = createDeviceCookie(publicUrl);
  return (request) => {
    const userAgent = request.headers['user-agent'];
    const deviceProof = cookie.read(request.headers.cookie);
    return {
      ip: request.ip,
      ...(userAgent !== undefined && { userAgent }),
      ...(deviceProof !== undefined && { deviceProof }),
    };
  };
}
