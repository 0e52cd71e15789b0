import type { EdgeHandler } from './contract.ts';

const validDays = 180;
const dayMs = 86_400_000;

/** RFC 9116: whom to tell about a vulnerability. `Expires` moves on, since this file lives as long as the process that serves it. */
export function securityTextHandler(options: { securityContact: () => string; publicUrl: () => string }): EdgeHandler {
  return () => {
    const today = Math.floor(Date.now() / dayMs) * dayMs;
    const lines = [
      `Contact: ${options.securityContact()}`,
      `Expires: ${new Date(today + validDays * dayMs).toISOString()}`,
      `Canonical: ${options.publicUrl()}/.well-known/security.txt`,
      'Preferred-Languages: en',
    ];
    return {
      status: 200,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'public, max-age=86400' },
      body: `${lines.join('\n')}\n`,
    };
  };
}
