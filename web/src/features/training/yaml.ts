/* yaml.ts - JSON values as YAML: enough for settings, and always read back as the same. */

const PLAIN = /^[A-Za-z_][\w ./-]*$/
const RESERVED = /^(true|false|null|yes|no|on|off|y|n|~)$/i

const scalar = (value: unknown): string =>
  typeof value === 'string' && (!PLAIN.test(value) || RESERVED.test(value) || /\s$/.test(value))
    ? JSON.stringify(value)
    : String(value)

const isEmpty = (value: object) => Object.keys(value).length === 0

function lines(value: unknown, indent: string): string[] {
  const entries: [string, unknown][] = Array.isArray(value)
    ? value.map((item) => ['-', item])
    : Object.entries(value as object).map(([key, item]) => [scalar(key) + ':', item])
  return entries.flatMap(([head, item]) => {
    if (typeof item !== 'object' || item === null) return `${indent}${head} ${scalar(item)}`
    if (isEmpty(item)) return `${indent}${head} ${Array.isArray(item) ? '[]' : '{}'}`
    const inner = lines(item, indent + '  ')
    return head === '-'
      ? [`${indent}- ${inner[0]!.trimStart()}`, ...inner.slice(1)]
      : [`${indent}${head}`, ...inner]
  })
}

export function toYaml(value: unknown): string {
  if (typeof value !== 'object' || value === null) return scalar(value) + '\n'
  return isEmpty(value)
    ? Array.isArray(value)
      ? '[]\n'
      : '{}\n'
    : lines(value, '').join('\n') + '\n'
}
