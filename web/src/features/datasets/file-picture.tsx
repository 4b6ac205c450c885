import { useState } from 'react'
import { useMedia } from '@/api/media'
import { useT } from '@/i18n/i18n'
import { Icon } from '@/ui/icons'
import styles from './file-picture.module.css'

/** A path inside a data set, as a part of an address. */
const escaped = (path: string) => path.split('/').map(encodeURIComponent).join('/')

const thumbnailPath = (datasetId: string, path: string) =>
  `/api/v1/datasets/${datasetId}/thumbnail/${escaped(path)}`
export const filePath = (datasetId: string, path: string) =>
  `/api/v1/datasets/${datasetId}/file/${escaped(path)}`

type Props = { datasetId: string; path: string; size?: number | string }

/** A small picture; a sign in its place where it cannot be shown.  The path stands beside it. */
export function FilePicture({ datasetId, path, size = '3rem' }: Props) {
  const t = useT()
  const [isBroken, setBroken] = useState(false)
  const source = useMedia(thumbnailPath(datasetId, path))
  return (
    <span className={styles.frame} style={{ width: size, height: size }}>
      {isBroken || source === '' ? (
        <span title={t('datasets.report.no_picture')} className={styles.broken}>
          <Icon name="image" size={18} />
        </span>
      ) : (
        <img src={source} alt="" loading="lazy" decoding="async" onError={() => setBroken(true)} />
      )}
    </span>
  )
}
