import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createStream, type Frame } from './stream'

class FakeSocket {
  static all: FakeSocket[] = []
  readyState = 1
  sent: { type: string; channel?: string }[] = []
  onopen = null
  onclose: ((event: CloseEvent) => void) | null = null
  onmessage: ((event: MessageEvent) => void) | null = null
  constructor() {
    FakeSocket.all.push(this)
  }
  send(text: string) {
    this.sent.push(JSON.parse(text))
  }
  close() {
    this.drop(1000)
  }
  drop(code: number) {
    this.readyState = 3
    this.onclose?.({ code } as CloseEvent)
  }
  say(frame: Frame) {
    this.onmessage?.({ data: JSON.stringify(frame) } as MessageEvent)
  }
  said = () => this.sent.filter((m) => m.type !== 'ping').map((m) => `${m.type} ${m.channel}`)
}

const newest = () => FakeSocket.all.at(-1)!

function make(renew = vi.fn(() => Promise.resolve(true))) {
  return { renew, stream: createStream({ open: () => new FakeSocket(), renew }) }
}

describe('the stream', () => {
  beforeEach(() => {
    FakeSocket.all = []
    vi.useFakeTimers()
  })
  afterEach(() => void vi.useRealTimers())

  it('has one socket, subscribes at the first and leaves after the last listener', () => {
    const { stream } = make()
    const first = stream.subscribe('job:5', () => {})
    newest().say({ type: 'connected' })
    const other = stream.subscribe('project:2', () => {})
    expect(FakeSocket.all).toHaveLength(1)
    expect(newest().said()).toEqual(['subscribe experiment:5', 'subscribe project:2'])
    first()
    expect(newest().said().at(-1)).toBe('unsubscribe experiment:5')
    other()
    vi.advanceTimersByTime(5000)
    expect(stream.state.get()).toBe('idle')
  })

  it('hands a frame to the listeners of its job and project', () => {
    const { stream } = make()
    const job = vi.fn()
    const project = vi.fn()
    stream.subscribe('experiment:5', job)
    stream.subscribe('project:2', project)
    newest().say({ type: 'connected' })
    newest().say({ type: 'training_progress', job_id: 5, project_id: 2 })
    newest().say({ type: 'training_progress', job_id: 6, project_id: 2 })
    expect(job).toHaveBeenCalledTimes(1)
    expect(project).toHaveBeenCalledTimes(2)
  })

  it('comes back by itself with growing pauses, and subscribes again', async () => {
    const { stream } = make()
    stream.subscribe('experiment:5', () => {})
    newest().say({ type: 'connected' })
    newest().drop(1006)
    expect(stream.state.get()).toBe('disconnected')
    await vi.advanceTimersByTimeAsync(1000)
    expect(FakeSocket.all).toHaveLength(2)
    newest().drop(1006)
    await vi.advanceTimersByTimeAsync(500)
    expect(FakeSocket.all).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1500)
    expect(FakeSocket.all).toHaveLength(3)
    newest().say({ type: 'connected' })
    expect(stream.state.get()).toBe('connected')
    expect(newest().said()).toEqual(['subscribe experiment:5'])
  })

  it('renews refused credentials once, and gives up when there are none', async () => {
    const { stream, renew } = make(vi.fn(() => Promise.resolve(false)))
    stream.subscribe('experiment:5', () => {})
    newest().drop(1008)
    await vi.advanceTimersByTimeAsync(60000)
    expect(renew).toHaveBeenCalledOnce()
    expect(FakeSocket.all).toHaveLength(1)
  })
})
