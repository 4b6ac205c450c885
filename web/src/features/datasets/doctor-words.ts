/* doctor-words.ts - what the doctor wrote, in the reader's language.  The server writes sentences;
 * each row knows one of them by its form.  One that is not known is shown as it came. */
import { recognise, type Rule } from '@/api/recognise'
import { t, type MessageKey } from '@/i18n/i18n'

type Words<Key = MessageKey> = Key extends `datasets.report.words.${infer Name}` ? Name : never

const rules: readonly Rule<Words>[] = [
  // one file
  [/^not an image by its name$/, 'not_image'],
  [/^empty file$/, 'empty'],
  [/^hidden folder$/, 'hidden_folder'],
  [/^hidden$/, 'hidden'],
  [/^not a file: a broken link or a device$/, 'not_a_file'],
  [/^line break in its name$/, 'line_break'],
  [/^on the exclude list$/, 'excluded_list'],
  [/^not inside a class folder$/, 'outside_class'],
  [/^outside the split folders$/, 'outside_split'],
  [/^its class has no images in train$/, 'no_train'],
  [/^an image that the data set does not refer to$/, 'unreferenced'],
  [/^neither an image nor a label file of the data set$/, 'neither'],
  [/^a label file without an image$/, 'label_without_image'],
  [/^another program's cache: never read$/, 'cache'],
  [/^cannot decode '.*': .*(truncated|damaged|Premature)/, 'truncated'],
  [/^cannot decode '.*': neither JPEG, PNG/, 'unknown_kind'],
  [/^cannot decode '.*?': (.*)$/, 'cannot_decode', ['detail']],
  [/^the same file as '(.*)', which is in class '(.*)'$/, 'same_as_class', ['other', 'class']],
  [/^the same file as '(.*)', which is in (\w+)$/, 'same_as_split', ['other', 'split']],
  [/^the same file as '(.*)'$/, 'same_as', ['other']],
  [/^looks like '(.*)', which is in (\w+)$/, 'looks_like_split', ['other', 'split']],
  [/^looks like '(.*)'$/, 'looks_like', ['other']],
  [/^(train|val|test): '(.*)' is not there/, 'folder_missing', ['split', 'folder']],
  // all of it
  [/^waiting for the analysis$/, 'waiting'],
  [/^class '(.*)' has no images in (\w+)$/, 'class_not_in', ['class', 'split']],
  [/^class '(.*)' has images in (\w+) but none in train/, 'class_only_in', ['class', 'split']],
  [/^the class folder '(.*)' holds no images$/, 'class_empty', ['class']],
  [/^the folder '(.*)' stands beside the split folders/, 'folder_ignored', ['folder']],
  [
    /^class imbalance: '(.*)' has ([\d.]+) times as many (?:images|objects) as '(.*)'$/,
    'imbalance',
    ['more', 'times', 'less'],
  ],
  [
    /^class '(.*)' has (\d+) images, below 70 % of the mean of (\d+)$/,
    'few',
    ['class', 'count', 'mean'],
  ],
  [
    /^(\d+) classes have less than 70 % of the mean of (\d+) objects$/,
    'few_classes_objects',
    ['count', 'mean'],
  ],
  [/^class '(.*)' is not on any image of train$/, 'class_unseen', ['class']],
  [/^(\d+) of (\d+) classes have no object in train$/, 'classes_unseen', ['count', 'total']],
  [/^(\d+) label rows are repaired/, 'rows_repaired', ['count']],
  [/^(\d+) label rows are left out/, 'rows_left_out', ['count']],
  [/^no object on any image of train$/, 'no_objects'],
  [/^only (\d+) images: at least (\d+) are advisable$/, 'small', ['count', 'least']],
  [/^(\d+) of (\d+) images do not decode, more than/, 'too_many_bad', ['count', 'total']],
  [/^(\d+) of (\d+) images do not decode$/, 'undecodable', ['count', 'total']],
  [/^exact duplicates \(pairs: (\d+)\)$/, 'equal_pairs', ['count']],
  [/^images that look alike \(pairs: (\d+)\)$/, 'alike_pairs', ['count']],
  [/^equal or alike images lie in different splits \(pairs: (\d+)\)/, 'across', ['count']],
  [
    /^no validation split given: train is divided (\d+) to (\d+) with seed/,
    'auto_split',
    ['train', 'val'],
  ],
  [/^the val folder holds no usable images/, 'no_val_images'],
  [/^no decodable image in train$/, 'no_decodable_train'],
  [/^no decodable image in val$/, 'no_decodable_val'],
  [/^(\d+) of (\d+) images show no object/, 'background', ['count', 'total']],
  [/^The dataset has no files$/, 'no_files'],
  [/at least (?:2|two) class/, 'few_classes'],
  [/^the format '(.*)' cannot be checked yet$/, 'unchecked_format', ['format']],
]

export function doctorWords(sentence: string | null | undefined): string {
  if (!sentence) return ''
  const found = recognise(sentence, rules)
  return found ? t(`datasets.report.words.${found.words}`, found.values) : sentence
}
