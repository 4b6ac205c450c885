import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { formatNumber } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Chip } from '@/ui/badge'
import { Button } from '@/ui/button'
import { DescriptionList } from '@/ui/card'
import { Drawer } from '@/ui/dialog'
import { Row } from '@/ui/page'
import { Loaded } from '@/ui/states'
import { guideQuery, type Guide, type Model } from './api'
import { useModelWords } from './model-words'
import styles from './model.module.css'

type Props = { model: Model; onClose: () => void; onChoose: () => void }

/** [상세정보]: what the model is good for, at the right edge. */
export function ModelGuide({ model, onClose, onChoose }: Props) {
  const t = useT()
  const say = useModelWords()
  const guide = useQuery(guideQuery(model.framework, model.model_name))
  return (
    <Drawer
      onClose={onClose}
      title={model.display_name}
      description={say(model.description)}
      reading={t('wizard.model.details')}
      footer={
        <>
          <Button onClick={onClose}>{t('common.close')}</Button>
          <Button variant="primary" onClick={onChoose}>
            {t('wizard.model.select')}
          </Button>
        </>
      }
    >
      <DescriptionList
        items={[
          [
            t('wizard.model.params'),
            model.parameters_exact ? formatNumber(model.parameters_exact) : model.params,
          ],
          [t('wizard.model.input'), `${model.input_size}×${model.input_size}`],
          [t('wizard.model.batch'), model.recommended_batch_size],
          [t('wizard.model.lr'), model.recommended_lr],
          [t('wizard.guide.paper'), model.paper],
        ]}
      />
      <Loaded query={guide}>{(found) => <GuideText guide={found} />}</Loaded>
    </Drawer>
  )
}

function GuideText({ guide }: { guide: Guide }) {
  const t = useT()
  const say = useModelWords()
  const settings = Object.entries(guide.recommended_settings ?? {})
  const benchmark = Object.entries(guide.benchmark ?? {}).filter(([name]) => name !== 'reference')
  return (
    <>
      {guide.when_to_use && (
        <Section title={t('wizard.guide.when_to_use')}>
          <p className={styles.text}>{say(guide.when_to_use)}</p>
        </Section>
      )}
      {guide.when_not_to_use && (
        <Section title={t('wizard.guide.when_not_to_use')}>
          <p className={styles.text}>{say(guide.when_not_to_use)}</p>
        </Section>
      )}
      <Items title={t('wizard.guide.use_cases')} items={guide.use_cases?.map(say)} />
      <Items title={t('wizard.guide.pros')} items={guide.pros?.map(say)} />
      <Items title={t('wizard.guide.cons')} items={guide.cons?.map(say)} />
      <Items
        title={t('wizard.guide.alternatives')}
        items={guide.alternatives?.map(({ model, reason }) => `${model}: ${say(reason)}`)}
      />
      {settings.length > 0 && (
        <Section title={t('wizard.guide.recommended_settings')}>
          <DescriptionList
            items={settings.map(([name, value]) => [name, String(value)] as const)}
          />
        </Section>
      )}
      {benchmark.length > 0 && (
        <Section title={t('wizard.guide.benchmark')}>
          <DescriptionList
            items={benchmark.map(([name, value]) => [name, String(value)] as const)}
          />
          {typeof guide.benchmark?.reference === 'string' && (
            <p className={styles.text}>{say(guide.benchmark.reference)}</p>
          )}
        </Section>
      )}
      {guide.model?.tags?.length > 0 && (
        <Section title={t('wizard.guide.tags')}>
          <Row gap={1}>
            {guide.model.tags.map((tag) => (
              <Chip key={tag}>{tag}</Chip>
            ))}
          </Row>
        </Section>
      )}
    </>
  )
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={styles.section}>
      <h3>{title}</h3>
      {children}
    </section>
  )
}

function Items({ title, items }: { title: string; items?: readonly string[] }) {
  if (!items?.length) return null
  return (
    <Section title={title}>
      <ul className={styles.list}>
        {items.map((item) => (
          <li key={item}>{item}</li>
        ))}
      </ul>
    </Section>
  )
}
