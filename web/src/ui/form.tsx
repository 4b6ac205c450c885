import type { FormEvent, ReactNode } from 'react'
import { errorText, fieldError } from '@/api/errors'
import { Banner } from './banner'

/** Of a mutation: what forms and questions show of it. */
export type Running = { isPending: boolean; error: unknown }

type FormProps = {
  onSubmit: (form: HTMLFormElement) => void
  className?: string
  children: ReactNode
}

/** A form that the page itself sends and checks. */
export function Form({ onSubmit, className, children }: FormProps) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    event.stopPropagation() // in a dialog: to the form behind it
    onSubmit(event.currentTarget)
  }
  return (
    <form className={className} onSubmit={submit} noValidate>
      {children}
    </form>
  )
}

type FailureProps = {
  error: unknown
  /** those that show the server's message for them: then nothing is left to say here */
  fields?: readonly string[]
}

/** What went wrong with a request, if anything did. */
export function Failure({ error, fields = [] }: FailureProps) {
  if (!error || fields.some((field) => fieldError(error, field))) return null
  return <Banner tone="danger">{errorText(error)}</Banner>
}
