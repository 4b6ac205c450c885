import { useState } from 'react'
import { Input } from '@/ui/input'
import type { Value } from './config-values'

/** "1e-4" -> 0.0001; what is no number stays as it was typed, so that it can be complained of. */
function readNumber(text: string): Value {
  const trimmed = text.trim()
  if (trimmed === '') return null
  const number = Number(trimmed)
  return Number.isFinite(number) ? number : text
}

const readNumbers = (text: string): Value =>
  text
    .replace(/^\s*\[|\]\s*$/g, '')
    .split(',')
    .map((part) => readNumber(part))

const show = (value: Value | undefined) =>
  Array.isArray(value) ? value.join(', ') : value == null ? '' : String(value)

type Props = {
  value: Value | undefined
  onChange: (value: Value) => void
  list?: boolean
  placeholder?: string
}

/** A number or a list of them as text: "0." and "1e-" on the way are not taken away. */
export function NumberInput({ value, onChange, list, placeholder }: Props) {
  const read = list ? readNumbers : readNumber
  const [text, setText] = useState(show(value))
  // Changed from elsewhere, by a preset or a reset.
  if (show(read(text)) !== show(value)) setText(show(value))
  return (
    <Input
      inputMode={list ? 'text' : 'decimal'}
      autoComplete="off"
      placeholder={placeholder}
      value={text}
      onChange={(event) => {
        setText(event.target.value)
        onChange(read(event.target.value))
      }}
    />
  )
}
