import { useQuery } from '@tanstack/react-query'
import { useDeferredValue, useState } from 'react'
import { useMe } from '@/api/queries'
import { ladder, type SystemRole } from '@/api/roles'
import { formatDate, formatNumber } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Badge } from '@/ui/badge'
import { Button, IconButton } from '@/ui/button'
import { Card } from '@/ui/card'
import { Input } from '@/ui/input'
import { Menu } from '@/ui/menu'
import { Stack } from '@/ui/page'
import { Select } from '@/ui/select'
import { EmptyState, Loaded } from '@/ui/states'
import { ActionsTh, Pager, Table, Td, Th, Tr } from '@/ui/table'
import { usePageWithin } from '@/ui/use-page-within'
import { AddUserDialog } from './add-user-dialog'
import styles from './admin-page.module.css'
import { USERS_PER_PAGE, usersQuery, type Account } from './api'
import { ActivityDialog, DeleteUserDialog, PasswordLinkDialog, RoleDialog } from './user-dialogs'

const ALL = '*'
type Action = 'role' | 'activity' | 'password' | 'delete'

export function UsersTab() {
  const t = useT()
  const [search, setSearch] = useState('')
  const [role, setRole] = useState(ALL)
  const [active, setActive] = useState(ALL)
  const [page, setPage] = useState(1)
  const [isAdding, setAdding] = useState(false)
  const [open, setOpen] = useState<{ action: Action; account: Account } | null>(null)
  const wanted = useDeferredValue(search.trim())
  const query = useQuery(
    usersQuery({
      page,
      ...(wanted && { search: wanted }),
      ...(role !== ALL && { role: role as SystemRole }),
      ...(active !== ALL && { is_active: active as 'true' | 'false' }),
    }),
  )
  usePageWithin(query, USERS_PER_PAGE, setPage)
  const from1 = (set: (value: string) => void) => (value: string) => {
    set(value)
    setPage(1)
  }
  const close = () => setOpen(null)
  return (
    <Stack gap={3}>
      <div className={styles.filters}>
        <div className={styles.search}>
          <Input
            type="search"
            icon="search"
            aria-label={t('admin.users.search')}
            placeholder={t('admin.users.search')}
            value={search}
            onChange={(event) => from1(setSearch)(event.target.value)}
          />
        </div>
        <Select
          fit
          label={t('profile.role')}
          value={role}
          onChange={from1(setRole)}
          options={[
            { value: ALL, label: t('admin.users.all_roles') },
            ...ladder.map((value) => ({ value, label: t(`profile.roles.${value}`) })),
          ]}
        />
        <Select
          fit
          label={t('admin.users.state')}
          value={active}
          onChange={from1(setActive)}
          options={[
            { value: ALL, label: t('admin.users.all_states') },
            { value: 'true', label: t('admin.users.active') },
            { value: 'false', label: t('admin.users.inactive') },
          ]}
        />
        <Button variant="primary" icon="plus" onClick={() => setAdding(true)}>
          {t('admin.users.add')}
        </Button>
      </div>
      <Loaded query={query}>
        {({ rows, total }) =>
          rows.length || total ? (
            <Card flush>
              <UserTable rows={rows} onAction={(action, account) => setOpen({ action, account })} />
              <Pager page={page} pageSize={USERS_PER_PAGE} total={total} onPage={setPage} />
            </Card>
          ) : (
            <EmptyState icon="users" title={t('admin.users.empty')}>
              {t('admin.users.empty_text')}
            </EmptyState>
          )
        }
      </Loaded>
      {isAdding && <AddUserDialog onClose={() => setAdding(false)} />}
      {open?.action === 'role' && <RoleDialog account={open.account} onClose={close} />}
      {open?.action === 'activity' && <ActivityDialog account={open.account} onClose={close} />}
      {open?.action === 'password' && <PasswordLinkDialog account={open.account} onClose={close} />}
      {open?.action === 'delete' && <DeleteUserDialog account={open.account} onClose={close} />}
    </Stack>
  )
}

type TableProps = {
  rows: readonly Account[]
  onAction: (action: Action, account: Account) => void
}

function UserTable({ rows, onAction }: TableProps) {
  const t = useT()
  const me = useMe()
  return (
    <Table caption={t('admin.tabs.users')} className={styles.wide}>
      <thead>
        <tr>
          <Th>{t('admin.users.person')}</Th>
          <Th>{t('profile.role')}</Th>
          <Th>{t('admin.users.state')}</Th>
          <Th numeric>{t('admin.users.projects')}</Th>
          <Th>{t('profile.since')}</Th>
          <ActionsTh />
        </tr>
      </thead>
      <tbody>
        {rows.map((account) => (
          <Tr key={account.id}>
            <Td>
              <span className={styles.person}>
                <strong>{account.full_name || account.email}</strong>
                {account.full_name && <span className={styles.hint}>{account.email}</span>}
              </span>
            </Td>
            <Td>
              <Badge tone={account.system_role === 'admin' ? 'accent' : 'neutral'}>
                {t(`profile.roles.${account.system_role}`)}
              </Badge>
            </Td>
            <Td>
              <Badge tone={account.is_active ? 'good' : 'orange'}>
                {t(account.is_active ? 'admin.users.active' : 'admin.users.inactive')}
              </Badge>
            </Td>
            <Td numeric>{formatNumber(account.project_count)}</Td>
            <Td>{formatDate(account.created_at)}</Td>
            <Td numeric>
              {account.id === me?.id ? (
                <span className={styles.hint}>{t('admin.users.you')}</span>
              ) : (
                <Menu
                  trigger={
                    <IconButton
                      icon="more"
                      size="sm"
                      label={t('admin.users.actions_of', { email: account.email })}
                    />
                  }
                  items={[
                    {
                      label: t('admin.users.change_role'),
                      icon: 'shield',
                      onSelect: () => onAction('role', account),
                    },
                    {
                      label: t('admin.users.password_link'),
                      icon: 'key',
                      onSelect: () => onAction('password', account),
                    },
                    {
                      label: t(
                        account.is_active ? 'admin.users.deactivate' : 'admin.users.activate',
                      ),
                      icon: account.is_active ? 'pause' : 'play',
                      onSelect: () => onAction('activity', account),
                    },
                    'separator',
                    {
                      label: t('common.delete'),
                      icon: 'trash',
                      danger: true,
                      onSelect: () => onAction('delete', account),
                    },
                  ]}
                />
              )}
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  )
}
