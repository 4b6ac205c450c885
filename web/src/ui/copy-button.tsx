import { useState } from 'react'
import { useT } from '@/i18n/i18n'
import { Button, IconButton } from './button'
import styles from './copy-button.module.css'

/** navigator.clipboard needs https or localhost; a selection and a command work elsewhere too. */
async function copy(text: string): Promise<void> {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text)
  const area = document.createElement('textarea')
  area.value = text
  area.style.position = 'fixed'
  document.body.append(area)
  area.select()
  document.execCommand('copy')
  area.remove()
}

/** children: its text; without, an icon. */
export function CopyButton({ text, children }: { text: string; children?: string }) {
  const t = useT()
  const [done, setDone] = useState(false)
  const run = () => {
    void copy(text).then(() => {
      setDone(true)
      setTimeout(() => setDone(false), 2000)
    })
  }
  const label = done ? t('common.copied') : (children ?? t('common.copy'))
  const icon = done ? 'check' : 'copy'
  return children ? (
    <Button icon={icon} onClick={run} aria-live="polite">
      {label}
    </Button>
  ) : (
    <IconButton icon={icon} size="sm" label={label} onClick={run} />
  )
}

/** A text to be taken away whole: a link, a key. */
export function CopyLine({ text, testId }: { text: string; testId?: string }) {
  return (
    <div className={styles.line}>
      <code data-testid={testId}>{text}</code>
      <CopyButton text={text} />
    </div>
  )
}
