import { useIsDark } from '@/ui/use-theme'
import styles from './object-canvas.module.css'
import { classColor, type Shape } from './shapes'

type Props = { width: number; height: number; shapes: readonly Shape[] }

const outline = (shape: Shape) =>
  shape.polygons.map((ring) => `M${ring.map(([x, y]) => `${x} ${y}`).join('L')}Z`).join('')

/** What is on a small picture, over an image that fits into its frame: outlines or boxes in the
 * colours of their classes, truths dashed, and key points as dots. */
export function ObjectOverlay({ width, height, shapes }: Props) {
  const dark = useIsDark()
  return (
    <svg className={styles.overlay} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {shapes.map((shape, i) => (
        <g key={i} data-kind={shape.kind} color={classColor(shape.classId, dark)}>
          {shape.polygons.length ? <path d={outline(shape)} /> : <rect {...shape.box} />}
          {shape.keypoints
            .filter((point) => point.visible)
            .map((point, k) => (
              <circle key={k} cx={point.x} cy={point.y} r={width / 80} />
            ))}
        </g>
      ))}
    </svg>
  )
}
