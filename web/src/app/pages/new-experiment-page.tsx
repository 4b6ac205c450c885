import { NewExperimentPage } from '@/features/wizard/new-experiment-page'
import { withWords } from '@/i18n/i18n'
import { lazyWhenUsed } from '@/ui/lazy-when-used'

const DatasetPicker = lazyWhenUsed(
  withWords(() => import('@/features/datasets/dataset-picker'), 'datasets'),
)

/** The steps to a new experiment, with the datasets feature's way to choose or upload one. */
export default function NewExperimentRoute() {
  return <NewExperimentPage DatasetPicker={DatasetPicker} />
}
