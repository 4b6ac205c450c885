/* curve.tsx - shares over shares, 0..1 each way: precision over recall.  All lines are there thin
 * and quiet; those that are chosen (the mean at first) are strong and in the table. */
import { useState } from 'react'
import { formatNumber, formatPercent } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { IconButton } from '@/ui/button'
import { cx } from '@/ui/cx'
import { ChartTable } from './chart-table'
import chart from './line-chart.module.css'
import styles from './curve.module.css'
import { dashes, known, palette } from './series'

export type Curve = {
  id: string
  label: string
  x: readonly number[]
  y: readonly (number | null)[]
  /** beside the name: the area below, say */
  hint?: string
}

type Props = {
  label: string
  curves: readonly Curve[]
  xLabel: string
  yLabel: string
  /** chosen at first */
  strong: readonly string[]
}

const WIDTH = 520
const HEIGHT = 340
const LEFT = 46
const BOTTOM = 40
const EDGE = 10
const RIGHT = 20 // half of the last tick's words
const TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1]
const LEGEND_MOST = 80

const placeX = (x: number) => LEFT + x * (WIDTH - LEFT - RIGHT)
const placeY = (y: number) => EDGE + (1 - y) * (HEIGHT - EDGE - BOTTOM)

function pathOf({ x, y }: Curve): string {
  let pen = 'M'
  let path = ''
  for (let i = 0; i < x.length; i++) {
    const value = y[i]
    if (known(value)) path += `${pen}${placeX(x[i]!).toFixed(1)} ${placeY(value).toFixed(1)}`
    pen = known(value) && path ? 'L' : 'M'
  }
  return path
}

export function CurveChart({ label, curves, xLabel, yLabel, strong }: Props) {
  const t = useT()
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(strong))
  const [showTable, setShowTable] = useState(false)
  const shown = curves.filter((c) => chosen.has(c.id))
  const toggle = (id: string) => {
    const next = new Set(chosen)
    if (!next.delete(id)) next.add(id)
    setChosen(next)
  }
  return (
    <figure className={chart.figure} aria-label={label}>
      <div className={chart.top}>
        <ul className={chart.legend}>
          {curves.slice(0, LEGEND_MOST).map((curve) => {
            const at = shown.indexOf(curve)
            return (
              <li key={curve.id}>
                <button
                  type="button"
                  className={cx(chart.entry, styles.choice)}
                  aria-pressed={at >= 0}
                  onClick={() => toggle(curve.id)}
                >
                  <svg width="18" height="8" aria-hidden="true">
                    <path
                      d="M0 4h18"
                      stroke={at < 0 ? 'var(--text-3)' : palette[at % palette.length]}
                      strokeWidth="2.5"
                      strokeDasharray={at < 0 ? '' : dashes[at % dashes.length]!.join(' ')}
                    />
                  </svg>
                  {curve.label}
                  {curve.hint && <span className="tabular">{curve.hint}</span>}
                </button>
              </li>
            )
          })}
        </ul>
        <IconButton
          icon={showTable ? 'chart' : 'table'}
          size="sm"
          label={t(showTable ? 'charts.hide_table' : 'charts.show_table')}
          onClick={() => setShowTable(!showTable)}
        />
      </div>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className={styles.svg} aria-hidden="true">
        {TICKS.map((tick) => (
          <g key={tick} className={styles.tick}>
            <path d={`M${LEFT} ${placeY(tick)}H${WIDTH - RIGHT}`} />
            <text x={LEFT - 6} y={placeY(tick) + 4} textAnchor="end">
              {formatPercent(tick, 0)}
            </text>
            <text x={placeX(tick)} y={HEIGHT - BOTTOM + 16} textAnchor="middle">
              {formatPercent(tick, 0)}
            </text>
          </g>
        ))}
        <g className={styles.name}>
          <text x={placeX(0.5)} y={HEIGHT - 4} textAnchor="middle">
            {xLabel}
          </text>
          <text transform={`translate(11 ${placeY(0.5)}) rotate(-90)`} textAnchor="middle">
            {yLabel}
          </text>
        </g>
        {curves.map((curve) =>
          chosen.has(curve.id) ? null : (
            <path key={curve.id} d={pathOf(curve)} className={styles.quiet} />
          ),
        )}
        {shown.map((curve, at) => (
          <path
            key={curve.id}
            d={pathOf(curve)}
            className={styles.strong}
            stroke={palette[at % palette.length]}
            strokeDasharray={dashes[at % dashes.length]!.join(' ')}
          />
        ))}
      </svg>
      <div className={showTable ? undefined : 'visually-hidden'}>
        <ChartTable
          label={label}
          xLabel={xLabel}
          formatX={(x) => formatNumber(x, 2)}
          series={shown.map((c) => ({ ...c, format: (v) => formatNumber(v, 3) }))}
        />
      </div>
    </figure>
  )
}
