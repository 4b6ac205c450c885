/* toast.tsx - toast.success(text), toast.error(text), from anywhere. */
import { Toast as Radix } from 'radix-ui'
import { useSyncExternalStore } from 'react'
import { useT } from '@/i18n/i18n'
import { IconButton } from './button'
import { Icon } from './icons'
import styles from './toast.module.css'

type Kind = 'success' | 'error' | 'info'
type Entry = {
  id: number
  kind: Kind
  text: string
  action?: { label: string; onSelect: () => void }
}

let entries: Entry[] = []
let next = 1
const listeners = new Set<() => void>()

function change(to: Entry[]): void {
  entries = to
  listeners.forEach((listener) => listener())
}

const add = (kind: Kind) => (text: string, action?: Entry['action']) =>
  change([...entries.filter((e) => e.text !== text).slice(-3), { id: next++, kind, text, action }])

export const toast = { success: add('success'), error: add('error'), info: add('info') }

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

export function Toaster() {
  const t = useT()
  const shown = useSyncExternalStore(subscribe, () => entries)
  const remove = (id: number) => change(entries.filter((e) => e.id !== id))
  return (
    <Radix.Provider label={t('common.notification')} swipeDirection="right">
      {shown.map((entry) => (
        <Radix.Root
          key={entry.id}
          className={styles.toast}
          data-kind={entry.kind}
          type={entry.kind === 'error' ? 'foreground' : 'background'}
          duration={entry.kind === 'error' ? 12000 : 5000}
          onOpenChange={(open) => !open && remove(entry.id)}
        >
          <Icon name={entry.kind} />
          <Radix.Description className={styles.text}>{entry.text}</Radix.Description>
          {entry.action && (
            <Radix.Action altText={entry.action.label} asChild>
              <button type="button" className={styles.action} onClick={entry.action.onSelect}>
                {entry.action.label}
              </button>
            </Radix.Action>
          )}
          <Radix.Close asChild>
            <IconButton icon="close" size="sm" label={t('common.close')} />
          </Radix.Close>
        </Radix.Root>
      ))}
      <Radix.Viewport className={styles.viewport} />
    </Radix.Provider>
  )
}
