/* label-words.ts - as doctor-words.ts, and what the doctor wrote of single rows of labels.  Apart from
 * it, as only the page of a data set has to know them. */
import { recognise, type Rule } from '@/api/recognise'
import { t, type MessageKey } from '@/i18n/i18n'
import { doctorWords } from './doctor-words'

type Words<Key = MessageKey> = Key extends `labels.${infer Name}` ? Name : never

const rules: readonly Rule<Words>[] = [
  [
    /^Invalid class_id (\d+): there are (\d+) classes, 0 to (\d+)$/,
    'class_id',
    ['id', 'count', 'last'],
  ],
  [/^Invalid class_id '(.*)'$/, 'class_id_text', ['id']],
  [/^value (\d+), '(.*)', is no number$/, 'no_number', ['place', 'value']],
  [/^Coordinate out of range \[0, 1\]: (.*)$/, 'out_of_range', ['detail']],
  [/^(width|height) = (.*): the box has no area$/, 'no_area'],
  [/^the box has no area$/, 'no_area'],
  [/^(.*): nothing of the box is inside$/, 'nothing_inside', ['detail']],
  [/^the outline has no area$/, 'outline_no_area'],
  [/^the same object stands above$/, 'same_object'],
  [/^Expected (\d+) values, got (\d+)$/, 'value_count', ['wanted', 'count']],
  [/^coordinates must be pairs: (\d+) after the class$/, 'no_pairs', ['count']],
  [/^visibility of key point (\d+) is (.*), not 0, 1 or 2$/, 'visibility', ['point', 'value']],
  [/^a box where an outline is expected$/, 'box_for_outline'],
  [/^an outline among boxes/, 'outline_for_box'],
  [/^no such image: '(.*)'$/, 'no_such_image', ['other']],
  [/^Missing required field: (.*)$/, 'missing_field', ['field']],
  [/^references non-existent (category_id|image_id) (.*)$/, 'unknown_id', ['field', 'id']],
  [/^(\d+) points of the segmentation are outside the image$/, 'points_outside', ['count']],
  [/^the image is (\d+ x \d+), not (\d+ x \d+)$/, 'other_size', ['size', 'told']],
  [
    /^(\d+) boxes and (\d+) outlines are mixed: the boxes are/,
    'mixed_masks',
    ['boxes', 'outlines'],
  ],
  [
    /^(\d+) boxes and (\d+) outlines are mixed: the boxes around/,
    'mixed_boxes',
    ['boxes', 'outlines'],
  ],
  [
    /^classes: (\d+) named, but (\d+) rows use ids up to (\d+)/,
    'unnamed',
    ['count', 'rows', 'last'],
  ],
]

export function labelWords(sentence: string | null | undefined): string {
  const found = recognise(sentence ?? '', rules)
  return found ? t(`labels.${found.words}`, found.values) : doctorWords(sentence)
}
