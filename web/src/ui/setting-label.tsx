import { Fragment } from 'react'
import { tMaybe } from '@/i18n/i18n'

/** What a setting is called in the reader's language, else as the training service calls it. */
export const settingLabel = ({ name, label }: { name: string; label: string }): string =>
  tMaybe(`training.field.${name}`) ??
  tMaybe(`wizard.fields.${name.replaceAll('.', '_')}.label`) ??
  label

/** A name of the program's, which may break behind its dots and lines. */
export const withBreaks = (name: string) =>
  name.split(/(?<=[._])/).map((part, index) => (
    <Fragment key={index}>
      {part}
      <wbr />
    </Fragment>
  ))
