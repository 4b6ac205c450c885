/* tooltip.tsx - one bubble for the whole page: it says the data-tip of what the mouse rests on or the
 * keyboard has reached.  What it says must not be needed to use the page. */
import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { createPortal } from 'react-dom'
import styles from './tooltip.module.css'

const REST_MS = 400
const LEAVE_MS = 120 // time to move onto the bubble itself
const GAP = 6
const MARGIN = 8

type Tip = { text: string; of: DOMRect }

const withTip = (target: EventTarget | null) =>
  target instanceof Element ? target.closest<HTMLElement>('[data-tip]') : null

/** What is to be shown now, if anything. */
function useTip(bubble: { current: HTMLElement | null }): Tip | null {
  const [tip, setTip] = useState<Tip | null>(null)
  useEffect(() => {
    let timer = 0
    let over: HTMLElement | null = null
    const after = (ms: number, next: HTMLElement | null) => {
      clearTimeout(timer)
      over = next
      const show = () =>
        setTip(
          next?.isConnected
            ? { text: next.dataset.tip ?? '', of: next.getBoundingClientRect() }
            : null,
        )
      if (ms) timer = window.setTimeout(show, ms)
      else show()
    }
    const end = new AbortController()
    const on = <K extends keyof DocumentEventMap>(
      name: K,
      act: (event: DocumentEventMap[K]) => void,
    ) => document.addEventListener(name, act, { signal: end.signal, capture: true, passive: true })
    on('pointerover', (event) => {
      if (event.pointerType === 'touch') return
      const isInside = event.target instanceof Node && bubble.current?.contains(event.target)
      const next = isInside ? over : withTip(event.target)
      if (isInside) clearTimeout(timer)
      else if (next !== over) after(next ? REST_MS : LEAVE_MS, next)
    })
    on('focusin', (event) => {
      const next = withTip(event.target)
      after(0, next?.matches(':focus-visible') ? next : null)
    })
    on('pointerdown', (event) => {
      after(0, null)
      over = withTip(event.target) // not again before the mouse was elsewhere
    })
    on('scroll', () => after(0, null))
    on('keydown', () => after(0, null))
    return () => {
      end.abort()
      clearTimeout(timer)
    }
  }, [bubble])
  return tip
}

export function Tooltips() {
  const bubble = useRef<HTMLDivElement>(null)
  const tip = useTip(bubble)
  useLayoutEffect(() => {
    const element = bubble.current
    if (!tip || !element) return
    const { offsetWidth: width, offsetHeight: height } = element
    const left = tip.of.left + (tip.of.width - width) / 2
    const above = tip.of.top - height - GAP
    const most = document.documentElement.clientWidth - width - MARGIN
    element.style.left = `${Math.max(MARGIN, Math.min(left, most))}px`
    element.style.top = `${above >= MARGIN ? above : tip.of.bottom + GAP}px`
  }, [tip])
  if (!tip?.text) return null
  // Hidden from screen readers: they have it as the name of the button.
  return createPortal(
    <div ref={bubble} className={styles.tip} aria-hidden="true">
      {tip.text}
    </div>,
    document.body,
  )
}
