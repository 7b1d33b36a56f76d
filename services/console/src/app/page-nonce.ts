/** The nonce of this page load, by which the gateway lets style elements of our own in. */

/** Empty where there is no policy: under the server for developers. */
export function pageNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? ''
}
