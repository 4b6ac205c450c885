import { Tabs as Radix } from 'radix-ui'
import { Suspense, useEffect, useRef, type ReactNode } from 'react'
import { LoadingRows } from './states'
import styles from './tabs.module.css'

export type Tab = { value: string; label: ReactNode; count?: number; content: ReactNode }

type Props = {
  value: string
  onChange: (value: string) => void
  tabs: readonly Tab[]
  label: string
}

/** Only the chosen tab's content is there; it may be lazy.  Keep `value` in the URL. */
export function Tabs({ value, onChange, tabs, label }: Props) {
  const list = useRef<HTMLDivElement>(null)
  // Where they do not all fit, a link may have chosen one that is out of sight.
  useEffect(() => {
    const chosen = list.current?.querySelector<HTMLElement>('[data-state="active"]')
    if (list.current && chosen)
      list.current.scrollLeft =
        chosen.offsetLeft - (list.current.clientWidth - chosen.offsetWidth) / 2
  }, [value])
  return (
    <Radix.Root value={value} onValueChange={onChange} className={styles.root}>
      <Radix.List ref={list} className={styles.list} aria-label={label}>
        {tabs.map((tab) => (
          <Radix.Trigger key={tab.value} value={tab.value} className={styles.tab}>
            {tab.label}
            {tab.count !== undefined && <span className={styles.count}>{tab.count}</span>}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.value} value={tab.value} className={styles.content}>
          <Suspense fallback={<LoadingRows />}>{tab.content}</Suspense>
        </Radix.Content>
      ))}
    </Radix.Root>
  )
}

type SegmentedProps<T extends string> = {
  value: T
  onChange: (value: T) => void
  options: readonly { value: T; label: ReactNode }[]
  label: string
}

/** A few ways to see the same thing: "table / chart". */
export function Segmented<T extends string>({
  value,
  onChange,
  options,
  label,
}: SegmentedProps<T>) {
  return (
    <div role="group" aria-label={label} className={styles.segmented}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          className={styles.segment}
          onClick={() => onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </div>
  )
}
