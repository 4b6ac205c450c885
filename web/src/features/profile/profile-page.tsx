import { useT } from '@/i18n/i18n'
import { Page } from '@/ui/page'

export default function ProfilePage() {
  const t = useT()
  return (
    <Page title={t('shell.profile')}>
      <></>
    </Page>
  )
}
