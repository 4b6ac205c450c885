import { Toast as Radix } from 'radix-ui'
import { useT } from '@/i18n/i18n'
import { IconButton } from './button'
import { Icon } from './icons'
import type { Notice } from './toast'
import styles from './toast.module.css'

type Props = { notices: readonly Notice[]; onRemove: (id: number) => void }

/** The notices at the edge of the page. */
export default function NoticeList({ notices, onRemove }: Props) {
  const t = useT()
  return (
    <Radix.Provider label={t('common.notification')} swipeDirection="right">
      {notices.map((entry) => (
        <Radix.Root
          key={entry.id}
          className={styles.toast}
          data-kind={entry.kind}
          type={entry.kind === 'error' ? 'foreground' : 'background'}
          duration={entry.kind === 'error' ? 12000 : 5000}
          onOpenChange={(open) => !open && onRemove(entry.id)}
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
