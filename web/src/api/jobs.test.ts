import { describe, expect, it } from 'vitest'
import { actionsOf, jobProgress, type JobStatus } from './jobs'

const job = (status: JobStatus, more: object = {}) => ({
  status,
  queued_at: null,
  current_epoch: 0,
  best_checkpoint_path: null,
  ...more,
})

describe('what can be done with a job', () => {
  it.each([
    [job('pending'), 'start cancel clone delete'],
    [job('pending', { queued_at: '2026-01-01T00:00:00Z' }), 'dequeue cancel clone delete'],
    [job('running'), 'stop cancel clone delete'],
    [job('stopped', { current_epoch: 2 }), 'resume cancel restart clone delete'],
    [job('completed'), 'restart clone delete'],
    [job('cancelled'), 'restart clone delete'],
    [job('failed'), 'restart clone delete'],
    [job('failed', { current_epoch: 3 }), 'resume restart clone delete'],
  ])('%j: %s', (given, expected) => {
    expect(actionsOf(given).join(' ')).toBe(expected)
  })
})

describe('the progress of a job', () => {
  it('is the true share of epochs, not more than all', () => {
    expect(jobProgress({ status: 'running', current_epoch: 10, total_epochs: 50 })).toBe(0.2)
    expect(jobProgress({ status: 'running', current_epoch: 60, total_epochs: 50 })).toBe(1)
    expect(jobProgress({ status: 'pending', current_epoch: 0, total_epochs: 0 })).toBe(0)
    expect(jobProgress({ status: 'completed', current_epoch: 12, total_epochs: 50 })).toBe(1)
  })
})
