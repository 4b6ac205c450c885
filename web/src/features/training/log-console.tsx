import { useVirtualizer } from '@tanstack/react-virtual'
import { useLayoutEffect, useRef, useState } from 'react'
import { useT } from '@/i18n/i18n'
import { Card } from '@/ui/card'
import { CopyButton } from '@/ui/copy-button'
import { Input } from '@/ui/input'
import { Select } from '@/ui/select'
import { EmptyState, ErrorState, LoadingRows } from '@/ui/states'
import { Switch } from '@/ui/switch'
import type { LogLevel } from './api'
import { matching, textOf, withoutEchoes, type Line } from './log-lines'
import { useLog } from './use-log'
import styles from './log-console.module.css'

const NEAR_TOP_PX = 60
const ROW_PX = 22

export default function LogConsole({ jobId }: { jobId: number }) {
  const t = useT()
  const [level, setLevel] = useState<LogLevel>('debug')
  const [search, setSearch] = useState('')
  const [follow, setFollow] = useState(true)
  const { loaded, error, askOlder, isOlderComing, begin } = useLog(jobId, level, follow)
  const shown = loaded ? matching(withoutEchoes(loaded.lines), search) : []
  return (
    <Card
      flush
      title={t('training.log')}
      actions={
        <>
          <span className={styles.search}>
            <Input
              icon="search"
              type="search"
              aria-label={t('training.log_search')}
              placeholder={t('training.log_search')}
              value={search}
              onChange={(event) => setSearch(event.target.value)}
            />
          </span>
          <Select
            fit
            label={t('training.log_level')}
            value={level}
            onChange={(value) => setLevel(value as LogLevel)}
            options={(['debug', 'info', 'warning', 'error'] as const).map((value) => ({
              value,
              label: t(`training.level.${value}`),
            }))}
          />
          <Switch checked={follow} onChange={setFollow} words={t('training.follow')} />
          <CopyButton text={textOf(shown)} />
        </>
      }
    >
      {error && !loaded ? (
        <ErrorState error={error} onRetry={begin} />
      ) : !loaded ? (
        <LoadingRows rows={8} height="1.25rem" />
      ) : shown.length ? (
        <LogLines
          lines={shown}
          search={search}
          follow={follow}
          onFollow={setFollow}
          hasOlder={loaded.hasOlder}
          isOlderComing={isOlderComing}
          onOlder={askOlder}
        />
      ) : (
        <EmptyState
          icon="terminal"
          title={t(loaded.lines.length ? 'training.log_nothing_found' : 'training.log_empty')}
        />
      )}
    </Card>
  )
}

type LinesProps = {
  lines: readonly Line[]
  search: string
  follow: boolean
  onFollow: (follow: boolean) => void
  hasOlder: boolean
  isOlderComing: boolean
  onOlder: () => void
}

function LogLines({
  lines,
  search,
  follow,
  onFollow,
  hasOlder,
  isOlderComing,
  onOlder,
}: LinesProps) {
  const t = useT()
  const box = useRef<HTMLDivElement>(null)
  const first = useRef<number | undefined>(lines[0]?.id)
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => lines[index]?.id ?? index,
    overscan: 20,
  })

  useLayoutEffect(() => {
    if (follow && lines.length) rows.scrollToIndex(lines.length - 1, { align: 'end' })
  }, [follow, lines.length, rows])

  // Lines were added above: what was read stays where it was.
  useLayoutEffect(() => {
    const added = lines.findIndex((line) => line.id === first.current)
    if (added > 0 && !follow) rows.scrollToIndex(added, { align: 'start' })
    first.current = lines[0]?.id
  }, [lines, follow, rows])

  const onScroll = () => {
    const element = box.current
    if (!element) return
    if (element.scrollTop < NEAR_TOP_PX && hasOlder && !follow) onOlder()
  }
  const leaveEnd = () => {
    if (follow) onFollow(false)
  }
  return (
    <div
      ref={box}
      className={styles.box}
      role="region"
      aria-label={t('training.log')}
      tabIndex={0}
      onScroll={onScroll}
      onWheel={(event) => event.deltaY < 0 && leaveEnd()}
      onTouchMove={leaveEnd}
      onKeyDown={(event) => ['ArrowUp', 'PageUp', 'Home'].includes(event.key) && leaveEnd()}
    >
      {(hasOlder || isOlderComing) && (
        <button type="button" className={styles.older} onClick={onOlder}>
          {t(isOlderComing ? 'common.loading' : 'training.log_older')}
        </button>
      )}
      <div
        role="log"
        aria-live="off"
        className={styles.lines}
        style={{ height: rows.getTotalSize() }}
      >
        {rows.getVirtualItems().map((item) => {
          const line = lines[item.index]!
          return (
            <div
              key={item.key}
              ref={rows.measureElement}
              data-index={item.index}
              data-level={line.level}
              className={styles.line}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <time dateTime={line.time ?? undefined}>{clockOf(line.time)}</time>
              <span className={styles.level}>{line.level}</span>
              <span className={styles.text}>
                <Marked text={line.text} search={search.trim()} />
              </span>
            </div>
          )
        })}
      </div>
    </div>
  )
}

const clockOf = (time: string | null) =>
  time ? new Date(time).toLocaleTimeString('en-GB', { hour12: false }) : ''

function Marked({ text, search }: { text: string; search: string }) {
  const at = search ? text.toLocaleLowerCase().indexOf(search.toLocaleLowerCase()) : -1
  if (at < 0) return <>{text}</>
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + search.length)}</mark>
      {text.slice(at + search.length)}
    </>
  )
}
