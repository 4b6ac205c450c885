/* guide-anchor.ts - which part of the guide is about a page. */

const anchors: readonly (readonly [RegExp, string])[] = [
  [/^\/$/, 'projects'],
  [/^\/projects\/\d+$/, 'projects'],
  [/^\/projects\/\d+\/new/, 'new'],
  [/^\/projects\/\d+\/datasets/, 'datasets'],
  [/^\/projects\/\d+\/compare/, 'compare'],
  [/^\/projects\/\d+\/inference/, 'inference'],
  [/^\/projects\/\d+\/members/, 'members'],
  [/^\/datasets\//, 'dataset'],
  [/^\/training\//, 'training'],
  [/^\/queue/, 'queue'],
  [/^\/profile/, 'profile'],
  [/^\/admin/, 'admin'],
]

/** "/guide#training" for the page of an experiment. */
export function guideLink(pathname: string): string {
  const found = anchors.find(([form]) => form.test(pathname))
  return found ? `/guide#${found[1]}` : '/guide'
}
