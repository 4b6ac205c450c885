/* dropped-files.ts - what was dropped, folders walked through. */

/** path: within what was dropped, "photos/cat/1.jpg". */
export type PathFile = { file: File; path: string }

const fileOf = (entry: FileSystemFileEntry) =>
  new Promise<File>((resolve, reject) => entry.file(resolve, reject))

/** A reader gives a hundred entries at a time. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (!some.length) return all
    all.push(...some)
  }
}

async function walk(entry: FileSystemEntry, found: PathFile[]): Promise<void> {
  if (entry.isFile) {
    const file = await fileOf(entry as FileSystemFileEntry)
    found.push({ file, path: entry.fullPath.replace(/^\//, '') })
    return
  }
  for (const inner of await entriesOf(entry as FileSystemDirectoryEntry)) await walk(inner, found)
}

export async function filesOf(transfer: DataTransfer): Promise<PathFile[]> {
  // Entries are gone after the first await.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null)
  const plain = [...transfer.files].map((file) => ({ file, path: file.name }))
  if (!entries.some((entry) => entry?.isDirectory)) return plain
  const found: PathFile[] = []
  for (const entry of entries) if (entry) await walk(entry, found)
  return found
}
