import { useEffect } from 'react'

type Actions = Record<string, (() => void) | undefined>

/** Keys of the whole page, by their names; what has the focus may take them for itself. */
export function useKeys(actions: Actions): void {
  useEffect(() => {
    const act = (event: KeyboardEvent) => {
      const action = actions[event.key]
      if (!action || event.isComposing || event.defaultPrevented) return
      if (event.target instanceof Element && event.target.matches('input, textarea')) return
      event.preventDefault()
      action()
    }
    addEventListener('keydown', act)
    return () => removeEventListener('keydown', act)
  })
}
