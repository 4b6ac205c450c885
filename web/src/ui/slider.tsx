import { useId } from 'react'
import styles from './slider.module.css'

type Props = {
  label: string
  value: number
  onChange: (value: number) => void
  min?: number
  max?: number
  step?: number
  format?: (value: number) => string
  disabled?: boolean
}

/** A value between two ends, with its name and itself as text. */
export function Slider({
  label,
  value,
  onChange,
  min = 0,
  max = 1,
  step = 0.05,
  format = String,
  disabled,
}: Props) {
  const id = useId()
  return (
    <span className={styles.slider}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        disabled={disabled}
        aria-valuetext={format(value)}
        onChange={(event) => onChange(Number(event.target.value))}
      />
      <output htmlFor={id} className="tabular">
        {format(value)}
      </output>
    </span>
  )
}
