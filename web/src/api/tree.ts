/* tree.ts - settings as they travel, in a tree, and as they are shown, each under one name. */
export type Value = string | number | boolean | null | readonly unknown[]

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** {optimizer: {type: 'sgd'}} -> {'optimizer.type': 'sgd'}; lists stay whole. */
export function flatten(tree: unknown, prefix = ''): Record<string, Value> {
  const flat: Record<string, Value> = {}
  if (!isObject(tree)) return flat
  for (const [name, value] of Object.entries(tree))
    if (isObject(value)) Object.assign(flat, flatten(value, `${prefix}${name}.`))
    else flat[prefix + name] = value as Value
  return flat
}
