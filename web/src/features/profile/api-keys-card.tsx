import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Schemas } from '@/api/client'
import { fieldError } from '@/api/errors'
import { absolute } from '@/api/session'
import { formatDate } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button } from '@/ui/button'
import { Card } from '@/ui/card'
import { CopyLine } from '@/ui/copy-button'
import { ConfirmDialog, Dialog } from '@/ui/dialog'
import { Field } from '@/ui/field'
import { FormDialog } from '@/ui/form-dialog'
import { Input } from '@/ui/input'
import { RelativeTime } from '@/ui/relative-time'
import { EmptyState, Loaded } from '@/ui/states'
import { ActionsTh, Table, Td, Th, Tr } from '@/ui/table'
import { toast } from '@/ui/toast'
import { apiKeysQuery, useAddApiKey, useRemoveApiKey } from './api'
import styles from './profile-page.module.css'

type ApiKey = Schemas['ApiKey']

export function ApiKeysCard() {
  const t = useT()
  const query = useQuery(apiKeysQuery())
  const [isAdding, setAdding] = useState(false)
  const [removed, setRemoved] = useState<ApiKey | null>(null)
  const add = (
    <Button icon="plus" onClick={() => setAdding(true)}>
      {t('profile.keys.add')}
    </Button>
  )
  return (
    <Card flush title={t('profile.keys.title')} actions={add}>
      <Loaded query={query}>
        {(all) =>
          all.length ? (
            <KeyTable keys={all} onRemove={setRemoved} />
          ) : (
            <EmptyState icon="key" title={t('profile.keys.empty')}>
              {t('profile.keys.empty_text')}
            </EmptyState>
          )
        }
      </Loaded>
      {isAdding && <AddKeyDialog onClose={() => setAdding(false)} />}
      {removed && <RemoveKeyDialog apiKey={removed} onClose={() => setRemoved(null)} />}
    </Card>
  )
}

function KeyTable({
  keys,
  onRemove,
}: {
  keys: readonly ApiKey[]
  onRemove: (key: ApiKey) => void
}) {
  const t = useT()
  return (
    <Table caption={t('profile.keys.title')} className={styles.wide}>
      <thead>
        <tr>
          <Th>{t('common.name')}</Th>
          <Th>{t('profile.keys.key')}</Th>
          <Th>{t('profile.keys.made')}</Th>
          <Th>{t('profile.keys.used')}</Th>
          <ActionsTh />
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <Tr key={key.id}>
            <Td>{key.name}</Td>
            <Td>
              <code>{key.prefix}…</code>
            </Td>
            <Td>{formatDate(key.created_at)}</Td>
            <Td>
              {key.last_used_at ? (
                <RelativeTime time={key.last_used_at} />
              ) : (
                t('profile.keys.never')
              )}
            </Td>
            <Td numeric>
              <Button
                size="sm"
                icon="trash"
                aria-label={t('profile.keys.remove_of', { name: key.name })}
                onClick={() => onRemove(key)}
              >
                {t('profile.keys.remove')}
              </Button>
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  )
}

function AddKeyDialog({ onClose }: { onClose: () => void }) {
  const t = useT()
  const add = useAddApiKey()
  const [name, setName] = useState('')
  const [isTried, setTried] = useState(false)
  const error =
    isTried && !name.trim() ? t('profile.keys.name_needed') : fieldError(add.error, 'name')
  const submit = () => {
    setTried(true)
    if (name.trim() && !add.isPending) add.mutate(name.trim())
  }
  if (add.data) return <NewKeyDialog secret={add.data.key} onClose={onClose} />
  return (
    <FormDialog
      onClose={onClose}
      title={t('profile.keys.add')}
      description={t('profile.keys.add_text')}
      onSubmit={submit}
      running={add}
      fields={['name']}
      action={t('common.create')}
    >
      <Field label={t('common.name')} hint={t('profile.keys.name_hint')} error={error} required>
        <Input
          autoFocus
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </Field>
    </FormDialog>
  )
}

/** The server keeps no more than a hash: this is the only time that the key is seen. */
function NewKeyDialog({ secret, onClose }: { secret: string; onClose: () => void }) {
  const t = useT()
  const example = `curl -H "Authorization: Bearer ${secret}" ${absolute('/api/v1/projects')}`
  return (
    <Dialog
      onClose={onClose}
      title={t('profile.keys.new_title')}
      footer={
        <Button variant="primary" onClick={onClose}>
          {t('profile.keys.kept')}
        </Button>
      }
    >
      <Banner tone="warn">{t('profile.keys.once')}</Banner>
      <CopyLine text={secret} testId="api-key" />
      <p className={styles.hint}>{t('profile.keys.example')}</p>
      <pre className={styles.example}>{example}</pre>
    </Dialog>
  )
}

function RemoveKeyDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const t = useT()
  const remove = useRemoveApiKey()
  const confirm = () =>
    remove.mutate(apiKey.id, {
      onSuccess: () => {
        toast.success(t('profile.keys.removed'))
        onClose()
      },
    })
  return (
    <ConfirmDialog
      onClose={onClose}
      title={t('profile.keys.remove_title')}
      action={t('profile.keys.remove')}
      danger
      running={remove}
      onConfirm={confirm}
    >
      <p>{t('profile.keys.remove_text', { name: apiKey.name })}</p>
    </ConfirmDialog>
  )
}
