import { useEffect } from 'react'
import { useBlocker } from 'react-router-dom'
import { useT } from '@/i18n/i18n'
import { ConfirmDialog } from './dialog'

/** Put the answer into the page: {useUnsavedGuard(isDirty)}.  Asks before leaving with changes. */
export function useUnsavedGuard(dirty: boolean) {
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
      onOpenChange={(open) => !open && blocker.reset?.()}
      title={t('common.unsaved_title')}
      action={t('common.leave')}
      danger
      onConfirm={() => blocker.proceed?.()}
    >
      <p>{t('common.unsaved_text')}</p>
    </ConfirmDialog>
  )
}
