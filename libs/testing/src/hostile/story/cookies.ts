/** Cookies have the prefixes of browsers only where the platform is reached over HTTPS; elsewhere the plain names count. */
export function cookiesOf(baseUrl: string, header: string): string {
  return baseUrl.startsWith('https:') ? header : header.replaceAll(/__(?:Host|Secure)-/g, '');
}
