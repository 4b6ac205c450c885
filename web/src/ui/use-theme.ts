import { useSyncExternalStore } from 'react'

export type Theme = 'system' | 'light' | 'dark'
const listeners = new Set<() => void>()

function getTheme(): Theme {
  const stored = document.documentElement.dataset.theme
  return stored === 'light' || stored === 'dark' ? stored : 'system'
}

export function setTheme(theme: Theme): void {
  if (theme === 'system') {
    delete document.documentElement.dataset.theme
    localStorage.removeItem('theme')
  } else {
    document.documentElement.dataset.theme = theme
    localStorage.setItem('theme', theme)
  }
  listeners.forEach((listener) => listener())
}

const subscribe = (listener: () => void) => {
  const media = matchMedia('(prefers-color-scheme: dark)')
  listeners.add(listener)
  media.addEventListener('change', listener)
  return () => {
    listeners.delete(listener)
    media.removeEventListener('change', listener)
  }
}

export const useTheme = () => useSyncExternalStore(subscribe, getTheme)

/** Of what is shown: for canvases, which take no CSS variables. */
export const useIsDark = () =>
  useSyncExternalStore(subscribe, () => {
    const theme = getTheme()
    return (
      theme === 'dark' || (theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches)
    )
  })
