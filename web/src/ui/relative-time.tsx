import { useEffect, useState } from 'react'
import { formatDateTime, formatRelative } from '@/i18n/format'
import { useLocale } from '@/i18n/i18n'

/** "3분 전", kept true; the exact time in the title. */
export function RelativeTime({ time }: { time: string | null | undefined }) {
  useLocale()
  const [, tick] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 30_000)
    return () => clearInterval(timer)
  }, [])
  if (!time) return <span>-</span>
  return (
    <time dateTime={time} title={formatDateTime(time)}>
      {formatRelative(time)}
    </time>
  )
}
