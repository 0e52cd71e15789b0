import type { EdgeAnswer, EdgeHandler } from '../contract.ts';
import { createAssets } from './assets.ts';
import { errorsPage, scalarPage, swaggerPage } from './pages.ts';

/**
 * Pages load our own files and talk to this origin, nothing else. Both viewers put style elements into the page, hence
 * `unsafe-inline` for styles; no script is inline.
 */
const pageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-cache',
  'x-frame-options': 'DENY',
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
};

/** Handlers of `/docs`, `/docs/swagger`, `/docs/errors` and `/docs/assets/…`; nothing is read before the first request. */
export function docsHandlers(): (path: string) => EdgeHandler | undefined {
  const assets = createAssets();
  const pages = new Map<string, () => Promise<string>>([
    ['/docs', async () => scalarPage(await assets.urls(['scalar.js', 'scalar-start.js', 'favicon.png']))],
    [
      '/docs/swagger',
      async () =>
        swaggerPage(await assets.urls(['swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-start.js', 'favicon.png'])),
    ],
    ['/docs/errors', async () => errorsPage(await assets.urls(['errors.css', 'favicon.png']))],
  ]);
  return (path) => {
    const page = pages.get(path);
    if (page !== undefined)
      return async (): Promise<EdgeAnswer> => ({ status: 200, headers: pageHeaders, body: await page() });
    return assets.handler(path);
  };
}
