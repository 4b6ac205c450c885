/* server-words.ts - what the server has against a request, in the reader's language.  Sentences that
 * are always the same are keys of errors.details; those with names and numbers in them are known by
 * their form. */
import { t, tMaybe, type MessageKey } from '@/i18n/i18n'
import { recognise, type Rule } from './recognise'

type Words<Key = MessageKey> = Key extends `errors.forms.${infer Name}` ? Name : never

/* Of a field that is named beside it; some begin with its name. */
const fieldRules: readonly Rule<Words>[] = [
  [/(?:^| )is required$/, 'required'],
  [/(?:^| )must be a whole number/, 'whole'],
  [/(?:^| )must be a (?:finite )?number(?:$|,)/, 'number'],
  [/(?:^| )must be at least (\S+)$/, 'least', ['least']],
  [/(?:^| )must be at most (\S+)$/, 'most', ['most']],
  [/(?:^| )must (?:be|lie) between (\S+) and ([^ ,]+)/, 'between', ['least', 'most']],
  [/(?:^| )must be one of:? (.*?)(?:, not '.*')?$/, 'one_of', ['options']],
  [/(?:^| )must be true or false/, 'boolean'],
  [/(?:^| )must be a text$/, 'text'],
  [/(?:^| )must be a list of (\d+) numbers$/, 'list', ['size']],
  [/^unknown field/, 'unknown'],
  [/(?:has more than|must have at most) (\d+) bytes$/, 'long', ['most']],
]

const rules: readonly Rule<Words>[] = [
  [/^Epochs must be between (\S+) and (\S+)$/, 'epochs', ['least', 'most']],
  [/^Batch size must be between (\S+) and (\S+)$/, 'batch', ['least', 'most']],
  [/^Learning rate must be between (\S+) and (\S+)$/, 'rate', ['least', 'most']],
  [/ needs a name of 1 to (\d+) bytes$/, 'name', ['most']],
  [/^The password must have (\d+) to (\d+) characters$/, 'password', ['least', 'most']],
  [/^Cannot \w+ job with status: (\w+)$/, 'job_status', ['status']],
  [/^Training job (\d+) runs with this dataset$/, 'dataset_runs', ['job']],
  [/^The dataset is in use by training job (\d+)/, 'dataset_runs', ['job']],
  [
    /^Training job (\d+) of another project runs with the dataset '(.*)'/,
    'other_runs',
    ['job', 'dataset'],
  ],
  [
    /^Training job (\d+) of another project is going to use the dataset '(.*)'/,
    'other_waits',
    ['job', 'dataset'],
  ],
  [/^Model '(.*)' does not support the task '(.*)'$/, 'model_task', ['model', 'task']],
  [/^Inference failed: (.*)$/, 'inference', ['reason']],
]

function words(sentence: string, known: readonly Rule<Words>[]): string | undefined {
  const whole = sentence && tMaybe(`errors.details.${sentence.replace(/\./g, '')}`)
  if (whole) return whole
  const found = recognise(sentence, known)
  if (!found) return undefined
  const { status } = found.values
  const told = status && tMaybe(`common.job_status.${status}`)
  const values = told ? { ...found.values, status: told } : found.values
  return t(`errors.forms.${found.words}`, values)
}

/** undefined: a sentence that is not known. */
export const serverWords = (sentence: string) => words(sentence, rules)

/** Of a message for a field, where the reader sees which field it is. */
export const fieldWords = (message: string) => words(message, [...rules, ...fieldRules])
