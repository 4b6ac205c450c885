/* yaml.ts - the part of YAML that a configuration needs: nested mappings by indentation, lists
 * ("- x" and "[x, y]"), texts, numbers, true, false, null and comments. */

export class YamlError extends Error {
  constructor(
    readonly line: number,
    readonly reason: 'indent' | 'colon' | 'twice' | 'tab' | 'quote' | 'bracket',
  ) {
    super(`line ${line}: ${reason}`)
  }
}

const isPlain = (text: string) =>
  /^[\p{L}_][\p{L}\p{N} _./-]*$/u.test(text) &&
  text.trim() === text &&
  !/^(true|false|null|yes|no|on|off)$/i.test(text)

function scalarText(value: unknown): string {
  if (typeof value === 'string') return isPlain(value) ? value : JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(scalarText).join(', ')}]`
  return JSON.stringify(value ?? null)
}

export function toYaml(tree: object, indent = ''): string {
  return Object.entries(tree)
    .map(([name, value]) => {
      const key = isPlain(name) ? name : JSON.stringify(name)
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        return Object.keys(value).length
          ? `${indent}${key}:\n${toYaml(value as object, indent + '  ')}`
          : `${indent}${key}: {}\n`
      return `${indent}${key}: ${scalarText(value)}\n`
    })
    .join('')
}

type Line = { number: number; indent: number; text: string }

/** Without its comment: a # that begins the line or follows a space, and is not quoted. */
function withoutComment(text: string): string {
  let quote = ''
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    if (quote) {
      if (c === '\\' && quote === '"') i++
      else if (c === quote) quote = ''
    } else if ((c === '"' || c === "'") && /(^|[\s:,[])$/.test(text.slice(0, i))) quote = c
    else if (c === '#' && (i === 0 || /\s/.test(text[i - 1]!))) return text.slice(0, i)
  }
  return text
}

function linesOf(source: string): Line[] {
  const lines: Line[] = []
  source.split(/\r?\n/).forEach((raw, index) => {
    const text = withoutComment(raw).trimEnd()
    if (!text.trim() || text === '---') return
    const indent = /^\s*/.exec(text)![0]
    if (indent.includes('\t')) throw new YamlError(index + 1, 'tab')
    lines.push({ number: index + 1, indent: indent.length, text: text.trim() })
  })
  return lines
}

/** "a, [b, c], 'd, e'" at the commas of the outermost level. */
function split(text: string, line: number): string[] {
  const parts: string[] = []
  let depth = 0
  let quote = ''
  let from = 0
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    if (quote) {
      if (c === '\\' && quote === '"') i++
      else if (c === quote) quote = ''
    } else if (c === '"' || c === "'") quote = c
    else if (c === '[' || c === '{') depth++
    else if (c === ']' || c === '}') depth--
    else if (c === ',' && depth === 0) {
      parts.push(text.slice(from, i))
      from = i + 1
    }
  }
  if (quote) throw new YamlError(line, 'quote')
  if (depth) throw new YamlError(line, 'bracket')
  if (text.slice(from).trim()) parts.push(text.slice(from))
  return parts.map((part) => part.trim())
}

function scalar(text: string, line: number): unknown {
  if (text.startsWith('[')) {
    if (!text.endsWith(']')) throw new YamlError(line, 'bracket')
    return split(text.slice(1, -1), line).map((item) => scalar(item, line))
  }
  if (text.startsWith('{')) {
    if (!text.endsWith('}')) throw new YamlError(line, 'bracket')
    return Object.fromEntries(
      split(text.slice(1, -1), line).map((item) => {
        const [key, rest] = keyOf(item, line)
        return [key, scalar(rest, line)]
      }),
    )
  }
  if (text.startsWith('"')) {
    try {
      return JSON.parse(text)
    } catch {
      throw new YamlError(line, 'quote')
    }
  }
  if (text.startsWith("'")) {
    if (text.length < 2 || !text.endsWith("'")) throw new YamlError(line, 'quote')
    return text.slice(1, -1).replaceAll("''", "'")
  }
  if (text === '' || text === '~' || text === 'null') return null
  if (text === 'true' || text === 'false') return text === 'true'
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : text
}

/** "key: rest" */
function keyOf(text: string, line: number): [string, string] {
  const found = /^("(?:[^"\\]|\\.)*"|'[^']*'|[^:]+?)\s*:(?:\s+(.*)|$)/.exec(text)
  if (!found) throw new YamlError(line, 'colon')
  return [String(scalar(found[1]!, line)), found[2] ?? '']
}

function block(lines: Line[], from: number, indent: number): [unknown, number] {
  if (lines[from]!.text === '-' || lines[from]!.text.startsWith('- '))
    return list(lines, from, indent)
  const tree: Record<string, unknown> = {}
  let at = from
  while (at < lines.length && lines[at]!.indent >= indent) {
    const line = lines[at]!
    if (line.indent > indent) throw new YamlError(line.number, 'indent')
    const [key, rest] = keyOf(line.text, line.number)
    if (Object.hasOwn(tree, key)) throw new YamlError(line.number, 'twice')
    at++
    let value: unknown = null
    const next = lines[at]
    if (rest) value = scalar(rest, line.number)
    else if (
      next &&
      (next.indent > indent || (next.indent === indent && /^-( |$)/.test(next.text)))
    )
      [value, at] = block(lines, at, next.indent)
    Object.defineProperty(tree, key, { value, enumerable: true, writable: true })
  }
  return [tree, at]
}

function list(lines: Line[], from: number, indent: number): [unknown[], number] {
  const items: unknown[] = []
  let at = from
  while (at < lines.length && lines[at]!.indent === indent && /^-( |$)/.test(lines[at]!.text))
    items.push(scalar(lines[at]!.text.slice(1).trim(), lines[at++]!.number))
  return [items, at]
}

/** A text without any value is an empty mapping. */
export function fromYaml(source: string): unknown {
  const lines = linesOf(source)
  if (!lines.length) return {}
  if (lines.length === 1 && /^[{[]/.test(lines[0]!.text)) return scalar(lines[0]!.text, 1)
  const [tree, end] = block(lines, 0, lines[0]!.indent)
  if (end < lines.length) throw new YamlError(lines[end]!.number, 'indent')
  return tree
}
