import { useCallback, useEffect, useRef, useState } from 'react'
import { stream, useChannel } from '@/api/stream'
import { fetchLogs, type LogLevel, type LogLine } from './api'
import { joinLines, type Line } from './log-lines'

const PAGE = 500
const MOST = 2000 // what the server keeps
const WAIT_MS = 400

type Loaded = { lines: Line[]; hasOlder: boolean }

/** The job's log: the newest page, older ones when asked, newer ones as they are written.  Who follows
 * keeps the newest lines only: what has scrolled away long ago is asked for again. */
export function useLog(id: number, level: LogLevel, follow: boolean) {
  const [loaded, setLoaded] = useState<Loaded | null>(null)
  const [error, setError] = useState<unknown>(null)
  const [isOlderComing, setOlderComing] = useState(false)
  const lines = useRef<Line[]>([])
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined)
  const round = useRef(0)
  const isFollowing = useRef(follow)
  useEffect(() => {
    isFollowing.current = follow
  }, [follow])

  const take = useCallback((rows: readonly LogLine[], hasOlder?: boolean) => {
    const all = joinLines(lines.current, rows)
    const isCut = isFollowing.current && all.length > MOST
    lines.current = isCut ? all.slice(-MOST) : all
    setLoaded((old) => ({
      lines: lines.current,
      hasOlder: isCut || (hasOlder ?? old?.hasOlder ?? false),
    }))
  }, [])

  const begin = useCallback(() => {
    const mine = ++round.current
    clearTimeout(waiting.current)
    waiting.current = undefined
    lines.current = []
    setLoaded(null)
    setError(null)
    fetchLogs(id, { level, limit: PAGE })
      .then((rows) => mine === round.current && take(rows, rows.length === PAGE))
      .catch((problem) => mine === round.current && setError(problem))
  }, [id, level, take])

  useEffect(() => {
    const rounds = round
    begin()
    return () => {
      rounds.current++
      clearTimeout(waiting.current)
      waiting.current = undefined
    }
  }, [begin])

  const askNewer = useCallback(() => {
    waiting.current ??= setTimeout(() => {
      const mine = round.current
      waiting.current = undefined
      fetchLogs(id, { level, limit: PAGE, after: lines.current.at(-1)?.id ?? 0 })
        .then((rows) => {
          if (mine !== round.current) return
          take(rows)
          if (rows.length === PAGE) askNewer()
        })
        .catch(() => undefined) // the next line, or the connection's return, asks again
    }, WAIT_MS)
  }, [id, level, take])

  useChannel(`experiment:${id}`, (frame) => {
    // From the beginning again: the server has cleared the log of the last attempt.
    if (frame.type === 'training_status_change' && frame.new_status === 'pending') begin()
    else if (frame.type === 'training_log' || frame.type === 'training_status_change') askNewer()
  })
  useEffect(
    () => stream.state.subscribe(() => stream.state.get() === 'connected' && askNewer()),
    [askNewer],
  )

  const askOlder = useCallback(() => {
    const first = lines.current[0]
    if (!first || isOlderComing) return
    const mine = round.current
    setOlderComing(true)
    fetchLogs(id, { level, limit: PAGE, before: first.id })
      .then((rows) => mine === round.current && take(rows, rows.length === PAGE))
      .catch(() => undefined)
      .finally(() => setOlderComing(false))
  }, [id, level, take, isOlderComing])

  return { loaded, error, askOlder, isOlderComing, begin }
}
