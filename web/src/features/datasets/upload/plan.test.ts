import { describe, expect, it } from 'vitest'
import type { PathFile } from '@/ui/dropped-files'
import { classesOf, fingerprint, formatOf, planOf } from './plan'

const file = (path: string, bytes = 3): PathFile => ({
  path,
  file: new File(['x'.repeat(bytes)], path.split('/').at(-1)!, { lastModified: 1 }),
})
const batch = (paths: (string | PathFile)[], className = '') => ({
  files: paths.map((path) => (typeof path === 'string' ? file(path) : path)),
  className,
})
const folders = ['set/cat/1.jpg', 'set/cat/2.JPG', 'set/dog/1.png']

describe('planOf', () => {
  it('takes images and says of each other file why it stays', () => {
    const plan = planOf([
      batch([...folders, 'set/cat/notes.txt', 'set/.DS_Store', file('set/dog/0.jpg', 0)]),
    ])
    expect(plan.obstacle).toBeNull()
    expect(plan.classes).toEqual(['cat', 'dog'])
    expect(plan.files.map(({ path }) => path)).toEqual(folders)
    expect(plan.bytes).toBe(9)
    expect(plan.leftOut.map(({ reason }) => reason).sort()).toEqual([
      'empty',
      'hidden',
      'not_image',
    ])
  })
  it('counts every file once, as taken or as left out', () => {
    const chosen = [batch(folders), batch([...folders, 'set/dog/2.gif', 'readme.md'])]
    const plan = planOf(chosen)
    expect(plan.files.length + plan.leftOut.length).toBe(8)
    expect(plan.leftOut.filter(({ reason }) => reason === 'twice')).toHaveLength(3)
  })
  it('asks for the class of photos without a folder', () => {
    expect(planOf([batch(['1.jpg', '2.jpg'])]).obstacle).toBe('no_class')
    const plan = planOf([batch(['1.jpg'], 'cat '), batch(['1.jpg'], 'a/b')])
    expect(plan.files.map(({ path }) => path)).toEqual(['a_b/1.jpg', 'cat/1.jpg'])
    expect(plan.obstacle).toBeNull()
  })
  it('keeps labels of a format that has them, also empty ones', () => {
    const plan = planOf([
      batch(['y/images/1.jpg', file('y/labels/1.txt', 0), 'y/data.yaml', 'y/run.exe']),
    ])
    expect(plan.format).toBe('yolo')
    expect(plan.files.map(({ path }) => path)).toEqual([
      'y/data.yaml',
      'y/images/1.jpg',
      'y/labels/1.txt',
    ])
  })
  it('sees what stands in the way', () => {
    expect(planOf([]).obstacle).toBe('nothing')
    expect(planOf([batch([file('a/1.jpg', 0)])]).obstacle).toBe('only_empty')
    expect(planOf([batch(['a/1.txt'])]).obstacle).toBe('no_images')
    expect(planOf([batch(['a/1.jpg'])]).obstacle).toBe('one_class')
    expect(planOf([batch(['a.zip', 'b.tar.gz'])]).obstacle).toBe('many_archives')
    expect(planOf([batch(['a.zip', 'b.jpg'])]).obstacle).toBe('mixed')
  })
  it('sends one archive as it is', () => {
    const plan = planOf([batch(['set.tar.gz'])])
    expect(plan).toMatchObject({ kind: 'archive', bytes: 3, obstacle: null })
  })
})

describe('what paths say', () => {
  it('is the format', () => {
    expect(formatOf(['d/annotations/instances_train.json', 'd/train/1.jpg'])).toBe('coco')
    expect(formatOf(['d/Annotations/1.xml'])).toBe('voc')
    expect(formatOf(['d/annotations.json'])).toBe('dice')
    expect(formatOf(['d/labels/train/1.txt', 'd/images/train/1.jpg'])).toBe('yolo')
    expect(formatOf(folders)).toBe('imagefolder')
    expect(formatOf(['1.jpg'])).toBeNull()
  })
  it('are the classes, whatever lies around them', () => {
    expect(classesOf(['s/train/cat/1.jpg', 's/val/dog/1.jpg'])).toEqual(['cat', 'dog'])
    expect(classesOf(['cat/1.jpg', 'dog/1.jpg'])).toEqual(['cat', 'dog'])
    expect(classesOf(['cat/1.jpg', 'cat/2.jpg'])).toEqual(['cat'])
  })
})

describe('fingerprint', () => {
  it('knows the same files in any order, and no others', () => {
    const files = folders.map((path) => file(path))
    expect(fingerprint([...files].reverse())).toBe(fingerprint(files))
    expect(fingerprint(files.slice(1))).not.toBe(fingerprint(files))
    expect(fingerprint([...files.slice(1), file(folders[0]!, 4)])).not.toBe(fingerprint(files))
  })
})
