/* keys.ts - the names of what is cached.  invalidateQueries({ queryKey: keys.project(3) }) reaches
 * all that begins with it. */
export const keys = {
  me: ['me'] as const,
  setup: ['setup'] as const,
  invitation: (token: string) => ['invitation', token] as const,
  projects: ['projects'] as const,
  project: (id: number) => ['projects', id] as const,
  members: (projectId: number) => ['projects', projectId, 'members'] as const,
  invitations: (projectId: number) => ['projects', projectId, 'invitations'] as const,
  projectDisk: (projectId: number) => ['projects', projectId, 'disk'] as const,
  /** all lists of jobs */
  jobLists: ['jobs', 'list'] as const,
  jobs: (filter: object) => ['jobs', 'list', filter] as const,
  queue: ['jobs', 'queue'] as const,
  job: (id: number) => ['jobs', 'one', id] as const,
  metrics: (id: number, request?: object) =>
    request
      ? (['jobs', 'one', id, 'metrics', request] as const)
      : (['jobs', 'one', id, 'metrics'] as const),
  metricSchema: (id: number) => ['jobs', 'one', id, 'metric-schema'] as const,
  logs: (id: number, filter?: object) => ['jobs', 'one', id, 'logs', filter ?? {}] as const,
  checkpoints: (id: number) => ['jobs', 'one', id, 'checkpoints'] as const,
  validation: (id: number) => ['jobs', 'one', id, 'validation'] as const,
  models: (filter?: object) => ['models', filter ?? {}] as const,
  modelGuide: (framework: string, name: string) => ['models', 'guide', framework, name] as const,
  configSchema: (framework: string, task: string) => ['config-schema', framework, task] as const,
  datasets: (filter?: object) =>
    filter ? (['datasets', 'list', filter] as const) : (['datasets'] as const),
  dataset: (id: string) => ['datasets', 'one', id] as const,
  system: ['system'] as const,
  admin: (what: string, filter?: object) => ['admin', what, filter ?? {}] as const,
  apiKeys: ['api-keys'] as const,
}
