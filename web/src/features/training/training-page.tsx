import { useT } from '@/i18n/i18n'
import { Page } from '@/ui/page'

export default function TrainingPage() {
  const t = useT()
  return (
    <Page title={t('shell.training')}>
      <></>
    </Page>
  )
}
