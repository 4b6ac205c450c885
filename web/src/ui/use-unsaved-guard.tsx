import { useEffect } from 'react'
import { useBlocker } from 'react-router-dom'
import { useT } from '@/i18n/i18n'
import { ConfirmDialog } from './dialog'

type Words = { title: string; text: string }

/** Put the answer into the page: {useUnsavedGuard(isDirty)}.  Asks before leaving with changes.
 * words: where leaving loses nothing, or something else than what was typed. */
export function useUnsavedGuard(dirty: boolean, words?: Words) {
  const t = useT()
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) =>
      dirty && currentLocation.pathname !== nextLocation.pathname,
  )
  useEffect(() => {
    if (!dirty) return
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', ask)
    return () => removeEventListener('beforeunload', ask)
  }, [dirty])
  return (
    <ConfirmDialog
      open={blocker.state === 'blocked'}
      onClose={() => blocker.reset?.()}
      title={words?.title ?? t('common.unsaved_title')}
      action={t('common.leave')}
      danger
      onConfirm={() => blocker.proceed?.()}
    >
      <p>{words?.text ?? t('common.unsaved_text')}</p>
    </ConfirmDialog>
  )
}
