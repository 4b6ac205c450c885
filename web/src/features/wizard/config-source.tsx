import { useEffect, useState } from 'react'
import { useT, type Translate } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { CopyButton } from '@/ui/copy-button'
import { Field } from '@/ui/field'
import { Textarea } from '@/ui/input'
import { Row, Stack } from '@/ui/page'
import { problemText } from './config-field'
import type { ConfigProps } from './config-form'
import { configText, readConfigText, type TextFormat, type TextProblem } from './config-text'
import styles from './config.module.css'

function problemLine(t: Translate, problem: TextProblem): string {
  switch (problem.kind) {
    case 'syntax': {
      const text = t(`wizard.config.text_problems.${problem.reason}`)
      return problem.line === null
        ? text
        : t('wizard.config.text_problems.line', { line: problem.line, text })
    }
    case 'mapping':
      return t('wizard.config.text_problems.mapping')
    case 'unknown':
      return t('wizard.config.text_problems.unknown', { name: problem.name })
    case 'value':
      return t('wizard.config.text_problems.value', {
        name: problem.name,
        text: problemText(t, problem.problem),
      })
  }
}

/** The configuration as a text.  The form follows as soon as the text holds; until then the text is
 * kept in the draft as it is. */
export default function ConfigSource({
  format,
  draft,
  model,
  schema,
  onChange,
}: ConfigProps & { format: TextFormat }) {
  const t = useT()
  const [source, setSource] = useState(() =>
    draft.text?.format === format ? draft.text.source : configText(draft, model, schema, format),
  )
  const { problems, change } = readConfigText(source, format, draft, model, schema)

  // A kept text may hold for the model that was chosen meanwhile.
  useEffect(() => {
    if (change && draft.text?.format === format && draft.text.source === source) onChange(change)
  })
  const type = (next: string) => {
    setSource(next)
    const read = readConfigText(next, format, draft, model, schema)
    onChange(read.change ?? { text: { format, source: next } })
  }
  return (
    <Stack gap={3}>
      <Field
        label={t('wizard.config.text_label', { format: format.toUpperCase() })}
        hint={t('wizard.config.text_hint')}
      >
        <Textarea
          className={styles.source}
          spellCheck={false}
          autoCapitalize="off"
          aria-invalid={problems.length > 0 || undefined}
          value={source}
          onChange={(event) => type(event.target.value)}
        />
      </Field>
      {problems.length > 0 ? (
        <Banner tone="danger" title={t('wizard.config.text_bad')}>
          <ul className={styles.problems}>
            {problems.map((problem, index) => (
              <li key={index}>{problemLine(t, problem)}</li>
            ))}
          </ul>
        </Banner>
      ) : (
        <Banner tone="good">{t('wizard.config.text_ok')}</Banner>
      )}
      <Row>
        <CopyButton text={source}>{t('common.copy')}</CopyButton>
      </Row>
    </Stack>
  )
}
