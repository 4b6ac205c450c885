import { useEffect, useState } from 'react'
import { lookNow, reach } from '@/api/connection'
import { useStore } from '@/api/store'
import { useLinkState } from '@/api/stream'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button } from '@/ui/button'
import styles from './shell.module.css'

/** The socket, as a dot with words; nothing where no page listens. */
export function ConnectionLight() {
  const t = useT()
  const link = useLinkState()
  if (link === 'idle' || link === 'connecting') return null
  const words = t(link === 'connected' ? 'shell.connected' : 'shell.disconnected')
  return (
    <span className={styles.light} data-state={link} title={`${t('shell.live')}: ${words}`}>
      <span aria-hidden="true" />
      <span className={styles.lightWords}>{words}</span>
    </span>
  )
}

const PATIENCE_MS = 3000 // a restart of the server is shorter

export function ConnectionBanner() {
  const t = useT()
  const isLost = useStore(reach) === 'lost'
  const isInterrupted = useLinkState() === 'disconnected'
  const [isLong, setLong] = useState(false)
  useEffect(() => {
    if (!isInterrupted) return setLong(false)
    const timer = setTimeout(() => setLong(true), PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [isInterrupted])
  if (isLost)
    return (
      <Banner
        tone="warn"
        action={
          <Button size="sm" icon="refresh" onClick={lookNow}>
            {t('shell.try_now')}
          </Button>
        }
      >
        {t('shell.lost')}
      </Banner>
    )
  return isInterrupted && isLong ? <Banner tone="warn">{t('shell.live_lost')}</Banner> : null
}
