import { errorCatalogue, errorDefinition, type ErrorCode } from '@idp/errors';

type Urls = Readonly<Record<string, string>>;

/** Interactive reference (Scalar). */
export function scalarPage(urls: Urls): string {
  return page('API reference', urls, [], '<div id="app"></div>', ['scalar.js', 'scalar-start.js']);
}

/** Interactive explorer (Swagger UI). */
export function swaggerPage(urls: Urls): string {
  const scripts = ['swagger-ui-bundle.js', 'swagger-start.js'];
  return page('API explorer', urls, ['swagger-ui.css'], '<div id="app"></div>', scripts);
}

/** Every error code with its status, one anchor each. */
export function errorsPage(urls: Urls): string {
  const codes = Object.keys(errorCatalogue) as ErrorCode[];
  const rows = codes.map((code) => {
    const { status, title } = errorDefinition(code);
    return `<tr id="${code}"><td><a href="#${code}">${code}</a></td><td>${status}</td><td>${escapeHtml(title)}</td></tr>`;
  });
  const body = `<main><h1>Errors</h1>
<p>Every error answer is <code>{ "error": { "code", "message", "details"? }, "meta": { "requestId", "traceId" } }</code>. A code keeps its meaning for ever; messages may change.</p>
<table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table></main>`;
  return page('Errors', urls, ['errors.css'], body, []);
}

function page(title: string, urls: Urls, styles: string[], body: string, scripts: string[]): string {
  const links = styles.map((name) => `<link rel="stylesheet" href="${urls[name]}">`);
  const tags = scripts.map((name) => `<script src="${urls[name]}"></script>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="${urls['favicon.png']}">
${links.join('\n')}
</head>
<body>
${body}
${tags.join('\n')}
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
