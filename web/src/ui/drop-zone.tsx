import { useRef, useState, type DragEvent, type ReactNode } from 'react'
import styles from './drop-zone.module.css'
import { filesOf, type PathFile } from './dropped-files'
import { Icon, type IconName } from './icons'
import { Button } from './button'

export type { PathFile }

type Props = {
  onFiles: (files: PathFile[]) => void
  title: ReactNode
  hint?: ReactNode
  /** "image/*,.zip" */
  accept?: string
  multiple?: boolean
  icon?: IconName
  disabled?: boolean
  chooseLabel: string
  /** a second button that chooses a folder */
  folderLabel?: string
}

/** Files and folders by drag, by button, by keyboard. */
export function DropZone({
  onFiles,
  title,
  hint,
  accept,
  multiple = true,
  icon = 'upload',
  disabled,
  chooseLabel,
  folderLabel,
}: Props) {
  const [over, setOver] = useState(false)
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)

  const chosen = (input: HTMLInputElement | null) => {
    const list = [...(input?.files ?? [])].map((file) => ({
      file,
      path: file.webkitRelativePath || file.name,
    }))
    if (list.length) onFiles(list)
    if (input) input.value = ''
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    if (disabled) return
    void filesOf(event.dataTransfer).then((list) => {
      if (list.length) onFiles(multiple ? list : list.slice(0, 1))
    })
  }

  return (
    <div
      className={styles.zone}
      data-over={over || undefined}
      data-disabled={disabled || undefined}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node)) setOver(false)
      }}
      onDrop={drop}
    >
      <span className={styles.mark}>
        <Icon name={icon} size={24} />
      </span>
      <p className={styles.title}>{title}</p>
      {hint && <p className={styles.hint}>{hint}</p>}
      <div className={styles.buttons}>
        <Button disabled={disabled} onClick={() => files.current?.click()}>
          {chooseLabel}
        </Button>
        {folderLabel && (
          <Button disabled={disabled} icon="folder" onClick={() => folder.current?.click()}>
            {folderLabel}
          </Button>
        )}
      </div>
      <input
        ref={files}
        type="file"
        hidden
        aria-label={chooseLabel}
        accept={accept}
        multiple={multiple}
        onChange={(event) => chosen(event.currentTarget)}
      />
      {folderLabel && (
        <input
          ref={folder}
          type="file"
          hidden
          aria-label={folderLabel}
          multiple
          onChange={(event) => chosen(event.currentTarget)}
          {...({ webkitdirectory: '' } as object)}
        />
      )}
    </div>
  )
}
