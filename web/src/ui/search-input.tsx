import { useEffect, useRef, useState } from 'react'
import { Input } from './input'

type Props = {
  label: string
  value: string
  onChange: (value: string) => void
  /** how long the typing rests before it is told, a Korean syllable in the making like any other */
  restMs?: number
}

/** What is looked for.  By way of the URL `value` comes back late: as long as the field has the
 * focus, what it shows is what was typed. */
export function SearchInput({ label, value, onChange, restMs = 0 }: Props) {
  const field = useRef<HTMLInputElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const latest = useRef(onChange)
  const [typed, setTyped] = useState(value)
  useEffect(() => {
    latest.current = onChange
  })
  useEffect(() => {
    if (document.activeElement !== field.current) setTyped(value)
  }, [value])
  useEffect(() => () => clearTimeout(timer.current), [])

  const type = (next: string) => {
    setTyped(next)
    clearTimeout(timer.current)
    if (restMs) timer.current = setTimeout(() => latest.current(next), restMs)
    else onChange(next)
  }
  return (
    <Input
      ref={field}
      icon="search"
      type="search"
      aria-label={label}
      placeholder={label}
      value={typed}
      onChange={(event) => type(event.target.value)}
    />
  )
}
