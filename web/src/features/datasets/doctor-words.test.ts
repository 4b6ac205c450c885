import { beforeAll, expect, it } from 'vitest'
import { addWords, setLocale } from '@/i18n/i18n'
import { doctorWords } from './doctor-words'
import { labelWords } from './label-words'

beforeAll(async () => {
  await setLocale('ko', false)
  await addWords('datasets', 'labels')
})

/* Sentences as `fovea-engine dataset check` writes them. */
const sentences: [string, string][] = [
  ['not an image by its name', '이미지가 아닙니다'],
  ['empty file', '빈 파일'],
  ['waiting for the analysis', '분석을 기다리고'],
  [
    "cannot decode 'train/cat/1.jpg': JPEG: the file is truncated or damaged (Premature end of JPEG file)",
    '손상되었습니다',
  ],
  ["cannot decode 'a/b.jpg': neither JPEG, PNG, WebP, GIF, BMP nor TIFF", '이미지 파일이 아닙니다'],
  ["the same file as 'val/cat/leak.png', which is in val", 'val/cat/leak.png (val)'],
  ["the same file as 'train/rare/x1.png', which is in class 'rare'", '(rare)'],
  ["looks like 'train/a/1.jpg'", '비슷한 사진: train/a/1.jpg'],
  ["class 'rare' has no images in val", '클래스 rare: val'],
  [
    "class imbalance: 'square' has 48.0 times as many images as 'rare'",
    'square 개수가 rare의 48.0배',
  ],
  ["class 'rare' has 1 images, below 70 % of the mean of 33", '1개뿐입니다 (평균 33개)'],
  ['2 of 167 images do not decode', '167개 중 2개'],
  ['exact duplicates (pairs: 5)', '5쌍'],
  [
    'equal or alike images lie in different splits (pairs: 1): results will look better than they are',
    '1쌍',
  ],
  ["class 'class_0' is not on any image of train", '클래스 class_0'],
  ['69 of 76 classes have no object in train', '76개 중 69개'],
  ['Coordinate out of range [0, 1]: x = 1.034 > 1', 'x = 1.034 > 1'],
  ['Invalid class_id 7: there are 3 classes, 0 to 2', '클래스 번호 7'],
  ['width = 0: the box has no area', '넓이가 없습니다'],
  ['references non-existent category_id 12', '없는 category_id'],
  ['3 boxes and 9 outlines are mixed: the boxes are left out', '박스는 제외'],
  ['3 boxes and 9 outlines are mixed: the boxes around the outlines are used', '둘레의 박스'],
  ['no validation split given: train is divided 80 to 20 with seed 42', '80%는 학습, 20%는 평가'],
]

it.each(sentences)('says in Korean: %s', (sentence, words) => {
  expect(labelWords(sentence)).toContain(words)
})
it('shows a sentence that it does not know as it came', () => {
  expect(doctorWords('something new')).toBe('something new')
  expect(doctorWords(null)).toBe('')
})
