import { useT } from '@/i18n/i18n'
import { Page } from '@/ui/page'

export default function DatasetsPage() {
  const t = useT()
  return (
    <Page title={t('shell.datasets')}>
      <></>
    </Page>
  )
}
