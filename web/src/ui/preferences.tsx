import { locales, setLocale, useLocale, useT } from '@/i18n/i18n'
import { IconButton } from './button'
import { Menu } from './menu'
import { setTheme, useTheme, type Theme } from './use-theme'

const names = { ko: '한국어', en: 'English' }
const themes: readonly Theme[] = ['system', 'light', 'dark']
const themeIcons = { system: 'monitor', light: 'sun', dark: 'moon' } as const

export function LanguageMenu() {
  const t = useT()
  const locale = useLocale()
  return (
    <Menu
      trigger={<IconButton icon="globe" label={t('shell.language')} />}
      items={locales.map((value) => ({
        label: names[value],
        checked: value === locale,
        onSelect: () => void setLocale(value),
      }))}
    />
  )
}

export function ThemeMenu() {
  const t = useT()
  const theme = useTheme()
  return (
    <Menu
      trigger={<IconButton icon={themeIcons[theme]} label={t('shell.theme')} />}
      items={themes.map((value) => ({
        label: t(`shell.themes.${value}`),
        icon: themeIcons[value],
        checked: value === theme,
        onSelect: () => setTheme(value),
      }))}
    />
  )
}
