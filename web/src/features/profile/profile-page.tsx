import { useMe } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { Columns, Page } from '@/ui/page'
import { AccountCard } from './account-card'
import { ApiKeysCard } from './api-keys-card'
import { PasswordCard } from './password-card'
import { PreferencesCard } from './preferences-card'
import styles from './profile-page.module.css'

export default function ProfilePage() {
  const t = useT()
  const me = useMe()
  return (
    <Page title={t('shell.profile')} description={me?.email}>
      <Columns min="22rem">
        {me && <AccountCard key={me.id} me={me} />}
        <PasswordCard />
        <PreferencesCard />
        <div className={styles.whole}>
          <ApiKeysCard />
        </div>
      </Columns>
    </Page>
  )
}
