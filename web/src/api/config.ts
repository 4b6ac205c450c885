/* config.ts - /config.json: where the API is.  Empty origins mean "where this page came from", with
 * a session cookie; another origin means tokens in localStorage and "Authorization: Bearer". */
type Config = { api_origin: string; socket_origin: string; version: string }

export const config: Config = { api_origin: '', socket_origin: '', version: '' }

export async function loadConfig(): Promise<void> {
  try {
    const response = await fetch('/config.json', { cache: 'no-cache' })
    if (response.ok) Object.assign(config, await response.json())
  } catch {
    /* the same origin, then */
  }
}

export const usesBearer = () => config.api_origin !== '' && config.api_origin !== location.origin

export function socketUrl(path: string): string {
  const origin = config.socket_origin || config.api_origin || location.origin
  return origin.replace(/^http/, 'ws') + path
}

/** For <img src> and downloads, which send the cookie but no header. */
export const apiUrl = (path: string) => (usesBearer() ? config.api_origin + path : path)
