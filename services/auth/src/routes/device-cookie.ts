import { deviceLifeSeconds } from '../throttling/known-device.ts';

/** The cookie by which a device is known again (RFC 6265). Without TLS, on a laptop, it has neither prefix nor `Secure`. */
export interface DeviceCookie {
  read(header: string | undefined): string | undefined;
  write(proof: string): string;
}

export function createDeviceCookie(publicUrl: string): DeviceCookie {
  const secure = publicUrl.startsWith('https:');
  const name = secure ? '__Host-idp_device' : 'idp_device';
  return {
    read(header = '') {
      for (const pair of header.split(';')) {
        const [key, value] = pair.trim().split('=', 2);
        if (key === name) return value;
      }
      return undefined;
    },
    write: (proof) =>
      `${name}=${proof}; Path=/; Max-Age=${deviceLifeSeconds}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`,
  };
}
