import { DatasetPicker } from '@/features/datasets/dataset-picker'
import { NewExperimentPage } from '@/features/wizard/new-experiment-page'

/** The steps to a new experiment, with the datasets feature's way to choose or upload one. */
export default function NewExperimentRoute() {
  return <NewExperimentPage DatasetPicker={DatasetPicker} />
}
