import { useEffect, useState } from 'react'
import { useMedia } from '@/api/media'

/** path: of the API, or an object URL. */
export function useImage(path: string): HTMLImageElement | 'failed' | null {
  const isObject = path.startsWith('blob:')
  const served = useMedia(isObject ? null : path)
  const source = isObject ? path : served
  const [image, setImage] = useState<HTMLImageElement | 'failed' | null>(null)
  useEffect(() => {
    setImage(null)
    if (source === undefined) return
    const loading = new Image()
    loading.onload = () => setImage(loading)
    loading.onerror = () => setImage('failed')
    loading.src = source
    return () => {
      loading.onload = loading.onerror = null
    }
  }, [source])
  return image
}
