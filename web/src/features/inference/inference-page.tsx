import { useT } from '@/i18n/i18n'
import { Page } from '@/ui/page'

export default function InferencePage() {
  const t = useT()
  return (
    <Page title={t('shell.inference')}>
      <></>
    </Page>
  )
}
