/* media.ts - images and downloads behind the session.  With cookies an address is enough; with
 * Bearer tokens, which <img> cannot send, the file is fetched and named by an object URL. */
import { useEffect, useState } from 'react'
import { apiUrl, usesBearer } from './config'
import { absolute, authHeaders } from './session'

async function fetched(path: string, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(absolute(path), { headers: authHeaders(), signal })
  if (!response.ok) throw new Error(`${response.status}`)
  return response
}

/** The name that the server gives a download (RFC 6266). */
function downloadName(response: Response): string | undefined {
  const encoded = /filename\*=UTF-8''([^;]+)/.exec(
    response.headers.get('Content-Disposition') ?? '',
  )?.[1]
  return encoded && decodeURIComponent(encoded)
}

/** For <img src>; undefined while it is on its way, '' when it cannot be had. */
export function useMedia(path: string | null | undefined): string | undefined {
  const bearer = usesBearer()
  const [held, setHeld] = useState<{ path: string; url: string }>()
  useEffect(() => {
    if (!bearer || !path) return
    const stop = new AbortController()
    let url = ''
    fetched(path, stop.signal)
      .then((response) => response.blob())
      .then((blob) => (url = URL.createObjectURL(blob)))
      .catch(() => '')
      .then(() => !stop.signal.aborted && setHeld({ path, url }))
    return () => {
      stop.abort()
      if (url) URL.revokeObjectURL(url)
    }
  }, [bearer, path])
  if (!path) return undefined
  if (!bearer) return apiUrl(path)
  return held?.path === path ? held.url : undefined
}

/** Saves a file under the name that the server gives, or else `name`; with cookies the browser does
 * it by itself and shows how far it is. */
export async function saveFile(path: string, name: string): Promise<void> {
  const link = document.createElement('a')
  if (!usesBearer()) {
    link.download = name
    link.href = apiUrl(path)
    link.click()
    return
  }
  const response = await fetched(path)
  link.download = downloadName(response) ?? name
  link.href = URL.createObjectURL(await response.blob())
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
