/* stream.ts - the one WebSocket of the page.
 *
 * subscribe('experiment:5', listener) tells the server at the first listener of a channel and leaves
 * it after the last.  The socket opens with the first channel, and by itself again, with growing
 * pauses, when it is lost; the server then replays a job's epochs with "replay": true.
 * Frames are those of src/api/live/live_frame.h. */
import { useEffect, useRef } from 'react'
import { socketUrl } from './config'
import { accessToken, refreshSession } from './session'
import { createStore, useStore } from './store'

export type Frame = {
  type: string
  job_id?: number
  project_id?: number
  channel?: string
  replay?: boolean
  [member: string]: unknown
}
export type ProgressFrame = Frame & {
  status: string
  epoch: number
  total_epochs: number
  progress_percent: number
  loss: number | null
  accuracy: number | null
  learning_rate: number | null
  data: { extra_metrics: Record<string, number | null> | null }
}
export type StepFrame = Frame & {
  epoch: number
  step: number
  steps: number
  loss: number | null
  images_per_second: number | null
  rss_mb: number | null
  eta_s: number | null
}
export type LogFrame = Frame & { level: string; message: string; timestamp: string }
type Listener = (frame: Frame) => void
type LinkState = 'idle' | 'connecting' | 'connected' | 'disconnected'

const FIRST_MS = 500
const MOST_MS = 15000
const LINGER_MS = 3000
const PING_MS = 25000
const SILENCE_MS = 60000
const CLOSE_POLICY = 1008

type SocketLike = Pick<WebSocket, 'send' | 'close' | 'readyState'> & {
  onopen: ((event: Event) => void) | null
  onclose: ((event: CloseEvent) => void) | null
  onmessage: ((event: MessageEvent) => void) | null
}
export type Options = {
  open: () => SocketLike
  /** New credentials after the server has refused ours; false: there are none. */
  renew: () => Promise<boolean>
}

/** "job:5" and "experiment:5" are one channel. */
const canonical = (channel: string) => channel.replace(/^job:/, 'experiment:')

export function createStream({ open, renew }: Options) {
  const state = createStore<LinkState>('idle')
  const channels = new Map<string, Set<Listener>>()
  const everywhere = new Set<Listener>()
  let socket: SocketLike | null = null
  let pause = FIRST_MS
  let heard = 0
  let refused = false
  let retry: ReturnType<typeof setTimeout> | undefined
  let linger: ReturnType<typeof setTimeout> | undefined
  let ping: ReturnType<typeof setInterval> | undefined

  const say = (message: object) => {
    if (socket?.readyState === 1) socket.send(JSON.stringify(message))
  }

  function deliver(frame: Frame): void {
    everywhere.forEach((listener) => listener(frame))
    const names = [
      frame.channel && canonical(frame.channel),
      frame.job_id && `experiment:${frame.job_id}`,
      frame.project_id && `project:${frame.project_id}`,
    ]
    for (const name of new Set(names))
      if (name) channels.get(name)?.forEach((listener) => listener(frame))
  }

  function receive(event: MessageEvent): void {
    heard = Date.now()
    let frame: Frame
    try {
      frame = JSON.parse(String(event.data)) as Frame
    } catch {
      return
    }
    if (frame.type === 'connected') {
      state.set('connected')
      pause = FIRST_MS
      refused = false
      for (const channel of channels.keys()) say({ type: 'subscribe', channel })
    }
    if (frame.type !== 'pong') deliver(frame)
  }

  function keepAlive(): void {
    if (Date.now() - heard > SILENCE_MS) socket?.close()
    else say({ type: 'ping' })
  }

  async function lost(code: number): Promise<void> {
    socket = null
    clearInterval(ping)
    if (!channels.size) return state.set('idle')
    state.set('disconnected')
    if (code === CLOSE_POLICY) {
      // An access token lives an hour; once is enough to tell an old one from a refused one.
      const renewed = !refused && (await renew().catch(() => true))
      refused = true
      if (!renewed) return
    }
    clearTimeout(retry)
    retry = setTimeout(connect, pause * (0.75 + Math.random() / 2))
    pause = Math.min(pause * 2, MOST_MS)
  }

  function connect(): void {
    clearTimeout(retry)
    if (socket || !channels.size) return
    state.set(state.get() === 'disconnected' ? 'disconnected' : 'connecting')
    const mine = (socket = open())
    heard = Date.now()
    mine.onmessage = receive
    mine.onclose = (event) => {
      if (socket === mine) void lost(event.code)
    }
    ping = setInterval(keepAlive, PING_MS)
  }

  function disconnect(): void {
    const mine = socket
    socket = null
    clearTimeout(retry)
    clearInterval(ping)
    state.set('idle')
    mine?.close()
  }

  function subscribe(name: string, listener: Listener): () => void {
    const channel = canonical(name)
    let listeners = channels.get(channel)
    if (!listeners) {
      channels.set(channel, (listeners = new Set()))
      if (state.get() === 'connected') say({ type: 'subscribe', channel })
    } else if (state.get() === 'connected') {
      // The newcomer wants the replay too; who has it already sees the same epochs again.
      say({ type: 'unsubscribe', channel })
      say({ type: 'subscribe', channel })
    }
    listeners.add(listener)
    clearTimeout(linger)
    connect()
    return () => {
      if (!listeners.delete(listener) || listeners.size) return
      channels.delete(channel)
      say({ type: 'unsubscribe', channel })
      if (!channels.size) linger = setTimeout(disconnect, LINGER_MS)
    }
  }

  return {
    state,
    subscribe,
    /** Every frame of every channel. */
    listen(listener: Listener): () => void {
      everywhere.add(listener)
      return () => void everywhere.delete(listener)
    },
    /** After a login, or when the server is known to be back. */
    reconnect(): void {
      refused = false
      pause = FIRST_MS
      if (!socket) connect()
    },
    disconnect,
  }
}

export type Stream = ReturnType<typeof createStream>

function openSocket(): WebSocket {
  const token = accessToken()
  return new WebSocket(socketUrl('/ws') + (token ? `?token=${encodeURIComponent(token)}` : ''))
}

export const stream = createStream({ open: openSocket, renew: () => refreshSession() })

export const useLinkState = () => useStore(stream.state)

/** Frames of a channel while the component is there; null: none.  The listener may change. */
export function useChannel(channel: string | null, listener?: Listener): void {
  const latest = useRef(listener)
  useEffect(() => {
    latest.current = listener
  })
  useEffect(() => {
    if (channel) return stream.subscribe(channel, (frame) => latest.current?.(frame))
  }, [channel])
}
