import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Dataset } from '@/api/queries'
import { formatNumber, formatPercent } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button } from '@/ui/button'
import { Card, Stat, StatRow } from '@/ui/card'
import { ConfirmDialog } from '@/ui/dialog'
import { Field } from '@/ui/field'
import { Failure, Form } from '@/ui/form'
import { Input } from '@/ui/input'
import { Stack } from '@/ui/page'
import { Loaded } from '@/ui/states'
import { Table, Td, Th, Tr } from '@/ui/table'
import { toast } from '@/ui/toast'
import { splitQuery, useChangeSplit, type DatasetSplit } from './api'
import styles from './dataset-page.module.css'
import { draftOf, problemOf, type SplitDraft } from './split-draft'

const splits = ['train', 'val', 'test'] as const
type Counts = Record<(typeof splits)[number], number>

type Props = { dataset: Dataset; mayWork: boolean }

export default function SplitTab({ dataset, mayWork }: Props) {
  const t = useT()
  const query = useQuery(splitQuery(dataset))
  return (
    <Loaded query={query}>
      {(split) => (
        <Stack>
          <Card title={t('datasets.split.title')}>
            <Stack gap={3}>
              <p className={styles.hint}>{t('datasets.split.text')}</p>
              <Sums split={split} />
            </Stack>
          </Card>
          {mayWork && <Divide dataset={dataset} split={split} />}
          <ByClass split={split} />
        </Stack>
      )}
    </Loaded>
  )
}

function Sums({ split }: { split: DatasetSplit }) {
  const t = useT()
  const sum = splits.reduce((all, name) => all + split.splits[name], 0)
  return (
    <StatRow>
      {splits.map((name) => (
        <Stat
          key={name}
          label={t(`datasets.grid.splits.${name}`)}
          value={formatNumber(split.splits[name])}
          hint={sum ? formatPercent(split.splits[name] / sum) : undefined}
        />
      ))}
    </StatRow>
  )
}

function ByClass({ split }: { split: DatasetSplit }) {
  const t = useT()
  const rows = Object.entries(split.by_class as unknown as Record<string, Counts>)
  if (!rows.length) return null
  return (
    <Card flush title={t('datasets.split.by_class')}>
      <Table caption={t('datasets.split.by_class')} maxHeight="32rem">
        <thead>
          <tr>
            <Th>{t('datasets.split.class')}</Th>
            {splits.map((name) => (
              <Th key={name} numeric>
                {t(`datasets.grid.splits.${name}`)}
              </Th>
            ))}
            <Th numeric>{t('datasets.split.sum')}</Th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, counts]) => (
            <Tr key={name}>
              <Td>{name}</Td>
              {splits.map((s) => (
                <Td key={s} numeric>
                  {formatNumber(counts[s])}
                </Td>
              ))}
              <Td numeric>{formatNumber(counts.train + counts.val + counts.test)}</Td>
            </Tr>
          ))}
        </tbody>
      </Table>
    </Card>
  )
}

const shares = ['train', 'val', 'test', 'seed'] as const
const labels = {
  train: 'datasets.split.train_share',
  val: 'datasets.split.val_share',
  test: 'datasets.split.test_share',
  seed: 'datasets.split.seed',
} as const

function Divide({ dataset, split }: { dataset: Dataset; split: DatasetSplit }) {
  const t = useT()
  const change = useChangeSplit(dataset.id)
  const [draft, setDraft] = useState<SplitDraft>(() => draftOf(split.splits))
  const [isTried, setTried] = useState(false)
  const [isAsking, setAsking] = useState(false)
  const problem = problemOf(draft)
  const sum = Number(draft.train) + Number(draft.val) + Number(draft.test)

  const ask = () => {
    setTried(true)
    if (problem) return
    change.reset()
    setAsking(true)
  }
  const apply = () =>
    change.mutate(
      {
        train: Number(draft.train) / 100,
        val: Number(draft.val) / 100,
        test: Number(draft.test) / 100,
        seed: Number(draft.seed),
      },
      {
        onSuccess: ({ moved }) => toast.success(t('datasets.split.done', { count: moved ?? 0 })),
        onSettled: () => setAsking(false),
      },
    )
  return (
    <Card title={t('datasets.split.divide')}>
      <Form onSubmit={ask}>
        <Stack gap={3}>
          <p className={styles.hint}>{t('datasets.split.divide_text')}</p>
          <Failure error={change.error} />
          <div className={styles.shares}>
            {shares.map((name) => (
              <Field key={name} label={t(labels[name])}>
                <Input
                  type="number"
                  inputMode="numeric"
                  min={0}
                  max={name === 'seed' ? undefined : 100}
                  step={1}
                  value={draft[name]}
                  onChange={(event) => setDraft({ ...draft, [name]: event.target.value })}
                />
              </Field>
            ))}
          </div>
          {isTried && problem && (
            <Banner tone="danger">{t(`datasets.split.${problem}`, { sum })}</Banner>
          )}
          <span>
            <Button type="submit" disabled={dataset.status === 'analyzing'}>
              {t('datasets.split.apply')}
            </Button>
          </span>
        </Stack>
      </Form>
      <ConfirmDialog
        open={isAsking}
        onClose={() => setAsking(false)}
        title={t('datasets.split.confirm_title')}
        action={t('datasets.split.apply')}
        running={change}
        onConfirm={apply}
      >
        <p>{t('datasets.split.confirm_text')}</p>
      </ConfirmDialog>
    </Card>
  )
}
