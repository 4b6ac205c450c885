import a11y from 'eslint-plugin-jsx-a11y'
import hooks from 'eslint-plugin-react-hooks'
import ts from 'typescript-eslint'

/** Imports go one way: ui, charts, api, i18n <- features <- app; features do not know each other. */
const forbid = (files, patterns, message) => ({
  files,
  ignores: ['**/*.test.*'],
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group: patterns, message }] }] },
})
const below = ['@/features/**', '@/app/**', '../features/**', '../app/**']

export default ts.config(
  { ignores: ['dist', 'node_modules', 'src/api/schema.d.ts', 'tools', 'public'] },
  ...ts.configs.recommended,
  a11y.flatConfigs.recommended,
  { plugins: { 'react-hooks': hooks }, rules: hooks.configs.recommended.rules },
  {
    rules: {
      'jsx-a11y/no-autofocus': 'off', // a dialog or a form of one purpose begins in its first field
      // What scrolls must be reachable by keyboard; a chart is an application of its own.
      'jsx-a11y/no-noninteractive-tabindex': ['error', { tags: [], roles: ['region', 'tabpanel', 'application'] }],
      'jsx-a11y/no-noninteractive-element-interactions': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-empty-object-type': 'off',
    },
  },
  forbid(
    ['src/ui/**', 'src/charts/**', 'src/canvas/**', 'src/api/**', 'src/i18n/**'],
    below,
    'This folder stands below features and app.',
  ),
  forbid(
    ['src/api/**', 'src/i18n/**'],
    [...below, '@/ui/**', '@/charts/**'],
    'api and i18n know no components.',
  ),
  forbid(
    ['src/features/**'],
    ['@/app/**', '../*/**', '!../*.css'],
    'A feature uses its own files, ui, charts, api and i18n; what two features need moves there.',
  ),
)
