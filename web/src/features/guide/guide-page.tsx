import { useEffect, useState } from 'react'
import { Link, useLocation } from 'react-router-dom'
import { useLocale, useT } from '@/i18n/i18n'
import { Dialog } from '@/ui/dialog'
import { Icon } from '@/ui/icons'
import { Page } from '@/ui/page'
import styles from './guide-page.module.css'
import { sections, type Section } from './sections'

/** The place that the address names is scrolled to, also when the page was open already. */
function useHash() {
  const { hash, key } = useLocation()
  useEffect(() => {
    const section = hash && document.getElementById(decodeURIComponent(hash.slice(1)))
    if (!section) return
    section.scrollIntoView()
    section.focus({ preventScroll: true })
  }, [hash, key])
}

export default function GuidePage() {
  const t = useT()
  const [shown, setShown] = useState<Section | null>(null)
  useHash()
  return (
    <Page title={t('shell.guide')} description={t('guide.lead')}>
      <div className={styles.columns}>
        <nav className={styles.contents} aria-label={t('guide.contents')}>
          <ol>
            {sections.map(({ id, icon }) => (
              <li key={id}>
                <Link to={`#${id}`}>
                  <Icon name={icon} size={16} />
                  {t(`guide.sections.${id}.title`)}
                </Link>
              </li>
            ))}
          </ol>
        </nav>
        <div className={styles.text}>
          {sections.map((section) => (
            <Part key={section.id} section={section} onEnlarge={() => setShown(section)} />
          ))}
          <p>
            <a href="/licences.txt">{t('guide.licences')}</a>
          </p>
        </div>
      </div>
      {shown && <Enlarged section={shown} onClose={() => setShown(null)} />}
    </Page>
  )
}

const usePicture = () => {
  const locale = useLocale()
  return ({ id }: Section) => `/guide/${id}-${locale}.webp`
}

function Part({ section, onEnlarge }: { section: Section; onEnlarge: () => void }) {
  const t = useT()
  const pictureOf = usePicture()
  const { id, icon } = section
  const title = t(`guide.sections.${id}.title`)
  return (
    <section id={id} className={styles.section} aria-labelledby={`${id}-title`} tabIndex={-1}>
      <h2 id={`${id}-title`}>
        <Icon name={icon} />
        {title}
        <Link
          to={`#${id}`}
          className={styles.anchor}
          aria-label={t('guide.link_to', { title })}
          title={t('guide.link_to', { title })}
        >
          <Icon name="link" size={15} />
        </Link>
      </h2>
      <p>{t(`guide.sections.${id}.text`)}</p>
      <ol className={styles.steps}>
        {t(`guide.sections.${id}.steps`)
          .split('\n')
          .map((step) => (
            <li key={step}>{step}</li>
          ))}
      </ol>
      {section.hasPicture && (
        <button
          type="button"
          className={styles.picture}
          aria-label={t('guide.enlarge', { title })}
          onClick={onEnlarge}
        >
          <img
            src={pictureOf(section)}
            alt=""
            width={1120}
            height={700}
            loading="lazy"
            decoding="async"
          />
        </button>
      )}
      <p className={styles.tip}>
        <Icon name="info" size={16} />
        <span>
          <strong>{t('guide.tip')}: </strong>
          {t(`guide.sections.${id}.tip`)}
        </span>
      </p>
    </section>
  )
}

function Enlarged({ section, onClose }: { section: Section; onClose: () => void }) {
  const t = useT()
  const pictureOf = usePicture()
  const title = t(`guide.sections.${section.id}.title`)
  return (
    <Dialog onClose={onClose} size="xl" title={title}>
      <img src={pictureOf(section)} alt={t('guide.picture', { title })} width={1120} height={700} />
    </Dialog>
  )
}
