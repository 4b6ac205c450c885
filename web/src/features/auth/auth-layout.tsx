import type { ReactNode } from 'react'
import { useT } from '@/i18n/i18n'
import { LanguageMenu, ThemeMenu } from '@/ui/preferences'
import { Logo } from '@/ui/logo'
import { useTitle } from '@/ui/page'
import styles from './auth-layout.module.css'

type Props = { title: string; lead?: ReactNode; foot?: ReactNode; children?: ReactNode }

/** The pages before the application: one card on a quiet ground. */
export function AuthLayout({ title, lead, foot, children }: Props) {
  const t = useT()
  useTitle(title)
  return (
    <div className={styles.page}>
      <div className={styles.preferences}>
        <LanguageMenu />
        <ThemeMenu />
      </div>
      <main className={styles.main}>
        <div className={styles.brand}>
          <Logo size={40} />
          <div>
            <strong>Fovea</strong>
            <p>{t('shell.tagline')}</p>
          </div>
        </div>
        <div className={styles.card}>
          <h1>{title}</h1>
          {lead && <div className={styles.lead}>{lead}</div>}
          {children}
        </div>
        {foot && <p className={styles.foot}>{foot}</p>}
      </main>
    </div>
  )
}
