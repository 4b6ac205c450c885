import { useT } from '@/i18n/i18n'
import { Page } from '@/ui/page'

export default function ProjectPage() {
  const t = useT()
  return (
    <Page title={t('shell.experiments')}>
      <></>
    </Page>
  )
}
