import { locales, setLocale, useLocale, useT } from '@/i18n/i18n'
import { Card } from '@/ui/card'
import { Stack } from '@/ui/page'
import { Segmented } from '@/ui/tabs'
import { setTheme, useTheme, type Theme } from '@/ui/use-theme'
import styles from './profile-page.module.css'

const names = { ko: '한국어', en: 'English' }
const themes: readonly Theme[] = ['system', 'light', 'dark']

export function PreferencesCard() {
  const t = useT()
  const locale = useLocale()
  const theme = useTheme()
  return (
    <Card title={t('profile.preferences')}>
      <Stack gap={3}>
        <p className={styles.hint}>{t('profile.preferences_hint')}</p>
        <div className={styles.preference}>
          <span className={styles.name}>{t('shell.language')}</span>
          <Segmented
            label={t('shell.language')}
            value={locale}
            onChange={(next) => void setLocale(next)}
            options={locales.map((value) => ({ value, label: names[value] }))}
          />
        </div>
        <div className={styles.preference}>
          <span className={styles.name}>{t('shell.theme')}</span>
          <Segmented
            label={t('shell.theme')}
            value={theme}
            onChange={setTheme}
            options={themes.map((value) => ({ value, label: t(`shell.themes.${value}`) }))}
          />
        </div>
      </Stack>
    </Card>
  )
}
