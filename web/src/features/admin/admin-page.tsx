import { useNavigate, useParams } from 'react-router-dom'
import { useMe } from '@/api/queries'
import { hasRole } from '@/api/roles'
import { useT } from '@/i18n/i18n'
import { Page } from '@/ui/page'
import { EmptyState } from '@/ui/states'
import { Tabs, type Tab } from '@/ui/tabs'
import { DiskTab } from './disk-tab'
import { SettingsTab } from './settings-tab'
import { SystemTab } from './system-tab'
import { UsersTab } from './users-tab'

/** Managers see accounts below theirs; the rest is the administrators'. */
export default function AdminPage() {
  const t = useT()
  const me = useMe()
  const navigate = useNavigate()
  const part = useParams()['*']?.split('/')[0]
  const tabs: Tab[] = [
    ...(hasRole(me, 'admin')
      ? [{ value: 'system', label: t('admin.tabs.system'), content: <SystemTab /> }]
      : []),
    { value: 'users', label: t('admin.tabs.users'), content: <UsersTab /> },
    ...(hasRole(me, 'admin')
      ? [
          { value: 'disk', label: t('admin.tabs.disk'), content: <DiskTab /> },
          { value: 'settings', label: t('admin.tabs.settings'), content: <SettingsTab /> },
        ]
      : []),
  ]
  const value = tabs.find((tab) => tab.value === part)?.value ?? tabs[0]!.value
  return (
    <Page title={t('shell.admin')} description={t('admin.lead')}>
      {hasRole(me, 'manager') ? (
        <Tabs
          label={t('admin.tabs_label')}
          value={value}
          onChange={(tab) => navigate(tab === tabs[0]!.value ? '/admin' : `/admin/${tab}`)}
          tabs={tabs}
        />
      ) : (
        <EmptyState icon="shield" title={t('admin.not_allowed')}>
          {t('admin.not_allowed_text')}
        </EmptyState>
      )}
    </Page>
  )
}
