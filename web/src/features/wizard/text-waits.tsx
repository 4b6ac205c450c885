import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button } from '@/ui/button'
import type { Draft } from './draft'

type Props = { draft: Draft; onChange: (change: Partial<Draft>) => void }

/** Where the text of the configuration is not to be seen: that one does not hold, and is in the way. */
export function TextWaits({ draft, onChange }: Props) {
  const t = useT()
  return (
    draft.text && (
      <Banner
        tone="warn"
        action={
          <Button size="sm" onClick={() => onChange({ text: null })}>
            {t('wizard.config.text_discard')}
          </Button>
        }
      >
        {t('wizard.config.text_waits', { format: draft.text.format.toUpperCase() })}
      </Banner>
    )
  )
}
