/* lazy-when-used.tsx - what opens over a page (menus, dialogs, notices) is not seen at first, so its
 * code comes with the first sign of a hand: well before a click, and not before the page. */
import { lazy, Suspense, type ComponentType, type ReactNode } from 'react'
import { reach } from '@/api/connection'
import { fetched } from './fetched'

type Load = () => Promise<unknown>

const signs = ['pointermove', 'pointerdown', 'touchstart', 'keydown'] as const
const waiting: Load[] = []
let isUsed = false

// Who asks again at its opening hears of a failure there; a browser may remember it.
const fetchEarly = (load: Load) => {
  if (reach.get() === 'ok') void load().catch(() => undefined)
}

function begin() {
  isUsed = true
  signs.forEach((sign) => removeEventListener(sign, begin, true))
  waiting.splice(0).forEach(fetchEarly)
}
signs.forEach((sign) => addEventListener(sign, begin, true))

/** For what shows itself that it is on its way: lazy(whenUsed(() => import('./x-tab'))). */
export function whenUsed<T>(load: () => Promise<T>): () => Promise<T> {
  if (isUsed) fetchEarly(load)
  else waiting.push(load)
  return fetched(load)
}

/** As lazy() of React, but mostly there when it is wanted; until it is, nothing. */
export function lazyWhenUsed<P extends object>(
  load: () => Promise<{ default: (props: P) => ReactNode }>,
): (props: P) => ReactNode {
  const Inside = lazy(whenUsed(load)) as unknown as ComponentType<P>
  return function WhenUsed(props: P) {
    return (
      <Suspense>
        <Inside {...props} />
      </Suspense>
    )
  }
}
