/* media.ts - images and downloads behind the session.  With cookies an address is enough; with
 * Bearer tokens, which <img> cannot send, the file is fetched and named by an object URL. */
import { useEffect, useState } from 'react'
import { apiUrl, usesBearer } from './config'
import { absolute, authHeaders } from './session'

async function fetched(path: string, signal?: AbortSignal): Promise<Blob> {
  const response = await fetch(absolute(path), { headers: authHeaders(), signal })
  if (!response.ok) throw new Error(`${response.status}`)
  return response.blob()
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

/** Saves a file; with cookies the browser does it by itself, shows how far it is and takes the name
 * that the server gives. */
export async function saveFile(path: string, name: string): Promise<void> {
  const link = document.createElement('a')
  link.download = name
  link.href = usesBearer() ? URL.createObjectURL(await fetched(path)) : apiUrl(path)
  link.click()
  if (usesBearer()) setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
