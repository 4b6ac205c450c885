import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { applyConfig } from './api/client'
import { loadConfig } from './api/config'
import { App } from './app/app'
import { preferredLocale, setLocale } from './i18n/i18n'
import './styles/tokens.css'
import './styles/base.css'

await Promise.all([loadConfig(), setLocale(preferredLocale(), false)])
applyConfig()
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
