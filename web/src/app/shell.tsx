import { Suspense, useRef, useState } from 'react'
import { Link, Outlet, useLocation, useNavigate, useNavigation } from 'react-router-dom'
import { errorText } from '@/api/errors'
import { useMe } from '@/api/queries'
import { useLogout } from '@/features/auth/api'
import { useT } from '@/i18n/i18n'
import { ButtonLink, IconButton } from '@/ui/button'
import { Drawer } from '@/ui/dialog'
import { Logo } from '@/ui/logo'
import { Menu } from '@/ui/menu'
import { LanguageMenu, ThemeMenu } from '@/ui/preferences'
import { toast } from '@/ui/toast'
import { ConnectionBanner, ConnectionLight } from './connection-light'
import { guideLink } from './guide-anchor'
import { Navigation } from './navigation'
import { ProjectSwitcher } from './project-switcher'
import { useArrival } from './use-arrival'
import styles from './shell.module.css'

function UserMenu() {
  const t = useT()
  const me = useMe()
  const navigate = useNavigate()
  const logout = useLogout()
  const name = me?.full_name || me?.email || ''
  return (
    <Menu
      trigger={
        <button
          type="button"
          className={styles.user}
          aria-label={t('shell.account', { email: me?.email ?? '' })}
        >
          {[...(name || '?')][0]?.toUpperCase()}
        </button>
      }
      items={[
        { heading: me?.email },
        { label: t('shell.profile'), icon: 'user', to: '/profile' },
        'separator',
        {
          label: t('shell.logout'),
          icon: 'logout',
          onSelect: () =>
            logout.mutate(undefined, {
              onSuccess: () => navigate('/login', { replace: true }),
              onError: (error) => toast.error(errorText(error)),
            }),
        },
      ]}
    />
  )
}

function Header({ onMenu }: { onMenu: () => void }) {
  const t = useT()
  return (
    <header className={styles.header}>
      <span className={styles.onlySmall}>
        <IconButton icon="menu" label={t('shell.open_navigation')} onClick={onMenu} />
      </span>
      <Link to="/" className={styles.brand} aria-label="Fovea">
        <Logo size={26} />
        <span className={styles.onlyLarge}>Fovea</span>
      </Link>
      <ProjectSwitcher />
      <span className={styles.space} />
      <ConnectionLight />
      <ButtonLink
        to={guideLink(useLocation().pathname)}
        variant="ghost"
        icon="help"
        aria-label={t('shell.help')}
        className={styles.help}
      >
        <span className={styles.onlyLarge}>{t('shell.help')}</span>
      </ButtonLink>
      <LanguageMenu />
      <ThemeMenu />
      <UserMenu />
    </header>
  )
}

export function Shell() {
  const t = useT()
  const [isOpen, setOpen] = useState(false)
  const isMoving = useNavigation().state !== 'idle'
  const content = useRef<HTMLElement>(null)
  useArrival(content)
  return (
    <div className={styles.shell}>
      <a href="#content" className={styles.skip}>
        {t('shell.skip')}
      </a>
      <Header onMenu={() => setOpen(true)} />
      <aside className={styles.side}>
        <Navigation />
      </aside>
      <Drawer side="left" size="sm" open={isOpen} onClose={() => setOpen(false)} title={<Brand />}>
        <Navigation onNavigate={() => setOpen(false)} />
      </Drawer>
      {isMoving && (
        <span className={styles.moving} role="progressbar" aria-label={t('common.loading')} />
      )}
      <main id="content" ref={content} className={styles.main} tabIndex={-1}>
        <div className={styles.banner}>
          <ConnectionBanner />
        </div>
        <Suspense>
          <Outlet />
        </Suspense>
      </main>
    </div>
  )
}

const Brand = () => (
  <span className={styles.brand}>
    <Logo size={26} /> Fovea
  </span>
)
