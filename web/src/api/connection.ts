/* connection.ts - is the server there?  Requests report; when one gets no answer, /health is asked
 * with growing pauses until it does, and then everybody is told. */
import { absolute } from './session'
import { createStore } from './store'

type Reach = 'ok' | 'lost'
export const reach = createStore<Reach>('ok')

const FIRST_MS = 1000
const MOST_MS = 15000
const backListeners = new Set<() => void>()
let timer: ReturnType<typeof setTimeout> | undefined
let pause = FIRST_MS

export function onBack(listener: () => void): () => void {
  backListeners.add(listener)
  return () => void backListeners.delete(listener)
}

export function noteAnswer(): void {
  if (reach.get() === 'ok') return
  clearTimeout(timer)
  pause = FIRST_MS
  reach.set('ok')
  backListeners.forEach((listener) => listener())
}

async function look(): Promise<void> {
  try {
    const response = await fetch(absolute('/health'), { cache: 'no-store' })
    if (response.ok) return noteAnswer()
  } catch {
    /* still away */
  }
  pause = Math.min(pause * 2, MOST_MS)
  timer = setTimeout(look, pause)
}

export function noteSilence(): void {
  if (reach.get() === 'lost') return
  reach.set('lost')
  timer = setTimeout(look, pause)
}

/** The server answers from now on; it is asked even if it was there a moment ago. */
export function whenThere(): Promise<void> {
  noteSilence()
  return new Promise((resolve) => {
    const stop = onBack(() => {
      stop()
      resolve()
    })
  })
}

/** The button beside the banner. */
export function lookNow(): void {
  clearTimeout(timer)
  pause = FIRST_MS
  void look()
}
