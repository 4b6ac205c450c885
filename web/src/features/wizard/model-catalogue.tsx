import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { tMaybe, useLocale, useT } from '@/i18n/i18n'
import { Button } from '@/ui/button'
import { Stack } from '@/ui/page'
import { SearchInput } from '@/ui/search-input'
import { Select } from '@/ui/select'
import { EmptyState, Loaded, Skeleton } from '@/ui/states'
import { identity, modelsQuery, type Model } from './api'
import { ModelCard } from './model-card'
import { ModelGuide } from './model-guide'
import { useModelWords } from './model-words'
import styles from './model.module.css'

const frameworks = ['timm', 'ultralytics', 'huggingface']
const ALL = 'all'

export type ModelFilter = { framework: string; task: string; q: string }
export const anyModel: ModelFilter = { framework: ALL, task: ALL, q: '' }

type Props = {
  /** "framework/model_name" */
  value: string
  onChoose: (model: Model, task: string | undefined) => void
  filter: ModelFilter
  onFilter: (filter: ModelFilter) => void
}

/** The models that can be trained: framework and task are asked of the server, text is looked for
 * in what came. */
export function ModelCatalogue({ value, onChoose, filter, onFilter }: Props) {
  const t = useT()
  const locale = useLocale()
  const say = useModelWords()
  const [described, setDescribed] = useState<Model | null>(null)
  const task = filter.task === ALL ? undefined : filter.task
  const models = useQuery(
    modelsQuery({
      framework: filter.framework === ALL ? undefined : filter.framework,
      task_type: task,
    }),
  )
  const everything = useQuery(modelsQuery({}))
  const tasks = [...new Set((everything.data ?? []).flatMap((model) => model.task_types))]
  if (task && !tasks.includes(task)) tasks.push(task)

  const needle = filter.q.trim().toLocaleLowerCase(locale)
  const isFound = (model: Model) =>
    [model.display_name, model.model_name, model.description, say(model.description), ...model.tags]
      .join(' ')
      .toLocaleLowerCase(locale)
      .includes(needle)

  return (
    <Stack>
      <div className={styles.filters}>
        <Select
          fit
          label={t('wizard.model.framework')}
          value={filter.framework}
          onChange={(framework) => onFilter({ ...filter, framework })}
          options={[
            { value: ALL, label: t('wizard.model.all_frameworks') },
            ...frameworks.map((name) => ({ value: name, label: name })),
          ]}
        />
        <Select
          fit
          label={t('wizard.model.task')}
          value={filter.task}
          onChange={(next) => onFilter({ ...filter, task: next })}
          options={[
            { value: ALL, label: t('wizard.model.all_tasks') },
            ...tasks.map((name) => ({
              value: name,
              label: tMaybe(`experiments.tasks.${name}`) ?? name,
            })),
          ]}
        />
        <div className={styles.search}>
          <SearchInput
            label={t('wizard.model.search')}
            value={filter.q}
            onChange={(q) => onFilter({ ...filter, q })}
          />
        </div>
      </div>
      <Loaded query={models} loading={<LoadingModels />}>
        {(all) => {
          const found = all.filter(isFound)
          if (!found.length)
            return (
              <EmptyState
                icon="search"
                title={t('wizard.model.none_found')}
                action={
                  <Button onClick={() => onFilter(anyModel)}>{t('wizard.model.clear')}</Button>
                }
              >
                {t('wizard.model.none_found_text')}
              </EmptyState>
            )
          return (
            <>
              <p className={styles.count} role="status">
                {t('wizard.model.count', { count: found.length })}
              </p>
              <ul className={styles.grid}>
                {found.map((model) => (
                  <li key={identity(model)}>
                    <ModelCard
                      model={model}
                      isChosen={identity(model) === value}
                      onChoose={() => onChoose(model, task)}
                      onDetails={() => setDescribed(model)}
                    />
                  </li>
                ))}
              </ul>
            </>
          )
        }}
      </Loaded>
      {described && (
        <ModelGuide
          model={described}
          onClose={() => setDescribed(null)}
          onChoose={() => {
            onChoose(described, task)
            setDescribed(null)
          }}
        />
      )}
    </Stack>
  )
}

function LoadingModels() {
  return (
    <div className={styles.grid}>
      {Array.from({ length: 6 }, (_, index) => (
        <Skeleton key={index} height="11rem" />
      ))}
    </div>
  )
}
