/* toast.tsx - toast.success(text), toast.error(text), from anywhere. */
import { useSyncExternalStore } from 'react'
import { lazyWhenUsed } from './lazy-when-used'

const NoticeList = lazyWhenUsed(() => import('./toaster'))

type Kind = 'success' | 'error' | 'info'
export type Notice = {
  id: number
  kind: Kind
  text: string
  action?: { label: string; onSelect: () => void }
}

let entries: Notice[] = []
let next = 1
const listeners = new Set<() => void>()

function change(to: Notice[]): void {
  entries = to
  listeners.forEach((listener) => listener())
}

const add = (kind: Kind) => (text: string, action?: Notice['action']) =>
  change([...entries.filter((e) => e.text !== text).slice(-3), { id: next++, kind, text, action }])

export const toast = { success: add('success'), error: add('error'), info: add('info') }

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

const remove = (id: number) => change(entries.filter((e) => e.id !== id))

export function Toaster() {
  const shown = useSyncExternalStore(subscribe, () => entries)
  if (next === 1) return null // none yet; after the last one the place to say the next stays
  return <NoticeList notices={shown} onRemove={remove} />
}
