import type { KeyboardEvent } from 'react'
import { tMaybe, useT } from '@/i18n/i18n'
import { Card } from '@/ui/card'
import styles from './config.module.css'

type Props = {
  names: readonly string[]
  framework: string | undefined
  value: string | null
  onChange: (name: string | null) => void
}

const steps: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }

/** A preset is merged over the defaults; what was typed stays over both. */
export function PresetChoice({ names, framework, value, onChange }: Props) {
  const t = useT()
  const all = [null, ...names]
  const move = (event: KeyboardEvent<HTMLElement>) => {
    const step = steps[event.key]
    if (!step) return
    event.preventDefault()
    const next = (all.indexOf(value) + step + all.length) % all.length
    onChange(all[next] ?? null)
    const radios = event.currentTarget.querySelectorAll<HTMLElement>('[role=radio]')
    radios[next]?.focus()
  }
  return (
    <Card title={t('wizard.config.preset')}>
      {/* eslint-disable-next-line jsx-a11y/interactive-supports-focus -- its radios have the focus */}
      <div
        role="radiogroup"
        aria-label={t('wizard.config.preset')}
        className={styles.presets}
        onKeyDown={move}
      >
        {all.map((name) => (
          <button
            key={name ?? ''}
            type="button"
            role="radio"
            aria-checked={name === value}
            tabIndex={name === value ? 0 : -1}
            className={styles.preset}
            onClick={() => onChange(name)}
          >
            <span className={styles.presetName}>
              {name
                ? (tMaybe(`wizard.config.presets.${name}`) ?? name)
                : t('wizard.config.preset_none')}
            </span>
            <span className={styles.presetHint}>
              {name
                ? tMaybe(`wizard.config.preset_hints.${framework}.${name}`)
                : t('wizard.config.preset_hints.none')}
            </span>
          </button>
        ))}
      </div>
    </Card>
  )
}
