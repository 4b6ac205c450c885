import { useState, type MouseEvent } from 'react'
import { useT } from '@/i18n/i18n'
import { Button, IconButton } from './button'
import styles from './copy-button.module.css'
import { toast } from './toast'

/** A selection and a command, for pages without https.  Beside the button: a dialog takes the focus
 * back at once when it goes outside. */
function copySelected(text: string, button: HTMLElement): boolean {
  const before = document.activeElement
  const area = document.createElement('textarea')
  area.value = text
  area.style.position = 'fixed'
  button.after(area)
  area.focus({ preventScroll: true })
  area.select()
  const isDone = document.execCommand('copy')
  if (before instanceof HTMLElement) before.focus({ preventScroll: true })
  area.remove()
  return isDone
}

/** navigator.clipboard needs https or localhost, and may be forbidden there too. */
async function copy(text: string, button: HTMLElement): Promise<boolean> {
  if (navigator.clipboard && window.isSecureContext)
    try {
      await navigator.clipboard.writeText(text)
      return true
    } catch {
      // The command may still be allowed.
    }
  return copySelected(text, button)
}

/** children: its text; without, an icon. */
export function CopyButton({ text, children }: { text: string; children?: string }) {
  const t = useT()
  const [done, setDone] = useState(false)
  const run = (event: MouseEvent<HTMLElement>) =>
    void copy(text, event.currentTarget).then((isDone) => {
      if (!isDone) return toast.error(t('common.copy_failed'))
      setDone(true)
      setTimeout(() => setDone(false), 2000)
    })
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
