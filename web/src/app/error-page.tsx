import { isRouteErrorResponse, useRouteError } from 'react-router-dom'
import { useT } from '@/i18n/i18n'
import { Button, ButtonLink } from '@/ui/button'
import { useTitle } from '@/ui/page'
import { EmptyState } from '@/ui/states'

export function NotFoundPage() {
  const t = useT()
  useTitle(t('errors.page_not_found'))
  return (
    <EmptyState
      isPage
      icon="search"
      title={t('errors.page_not_found')}
      action={
        <ButtonLink to="/" variant="primary">
          {t('errors.to_dashboard')}
        </ButtonLink>
      }
    >
      {t('errors.page_not_found_text')}
    </EmptyState>
  )
}

/** A page that could not be drawn.  After an update of the server, old chunks are gone: load anew. */
export function ErrorPage() {
  const t = useT()
  const error = useRouteError()
  useTitle(t('errors.crashed'))
  if (isRouteErrorResponse(error) && error.status === 404) return <NotFoundPage />
  return (
    <EmptyState
      isPage
      icon="warning"
      title={t('errors.crashed')}
      action={
        <Button variant="primary" icon="refresh" onClick={() => location.reload()}>
          {t('errors.reload')}
        </Button>
      }
    >
      <p>{t('errors.crashed_text')}</p>
      <p>
        <code>{error instanceof Error ? error.message : String(error)}</code>
      </p>
    </EmptyState>
  )
}
