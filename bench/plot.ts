/** One bar: what it is called, how long it is, and from where to where its runs went. */
export interface Bar {
  readonly label: string
  readonly value: number
  readonly least: number
  readonly greatest: number
  /** Stands out: ours. */
  readonly ours: boolean
}

/** Bars that belong together. */
export interface Group {
  readonly heading: string
  readonly bars: readonly Bar[]
}

const width = 720
const left = 190
const right = 70
const barHeight = 16
const step = 24
const headingHeight = 30

/** Readable on white and on black: the picture asks what the reader wants, not the page. */
const style = `text { font: 13px system-ui, sans-serif; fill: #24292f }
.unit, .value { font-size: 12px }
.unit { fill: #57606a }
.heading { font-weight: 600 }
rect { fill: #8c959f }
.ours { fill: #0969da }
line { stroke: #24292f; stroke-width: 1 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .unit { fill: #9198a1 }
  rect { fill: #656c76 } .ours { fill: #4493f8 }
  line { stroke: #e6edf3 }
}`

/** A plot of bars, the shorter the better, as an SVG file: bars are medians, whiskers the least and the greatest run. */
export function plot(unit: string, groups: readonly Group[], digits: number): string {
  const longest = Math.max(...groups.flatMap(({ bars }) => bars.map(bar => bar.greatest)), Number.MIN_VALUE)
  const at = (value: number) => left + (Math.max(0, value) / longest) * (width - left - right)
  const parts: string[] = []
  let y = 22
  parts.push(text(left, y, 'unit', `${unit}, less is better`))
  for (const { heading, bars } of groups) {
    y += headingHeight
    parts.push(text(left, y - 6, 'heading', heading))
    for (const bar of bars) {
      const middle = y + barHeight / 2
      const kind = bar.ours ? ' class="ours"' : ''
      parts.push(
        text(left - 8, middle + 4, 'label', bar.label, ' text-anchor="end"'),
        `<rect${kind} x="${left}" y="${y}" width="${length(at(bar.value) - left)}" height="${barHeight}"/>`,
        `<line x1="${length(at(bar.least))}" y1="${middle}" x2="${length(at(bar.greatest))}" y2="${middle}"/>`,
        text(at(bar.greatest) + 6, middle + 4, 'value', bar.value.toFixed(digits)),
      )
      y += step
    }
  }
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y + 8}" viewBox="0 0 ${width} ${y + 8}">`
  return `${head}\n<style>${style}</style>\n${parts.join('\n')}\n</svg>\n`
}

/** At least a line that can be seen. */
const length = (value: number) => Number(Math.max(1, value).toFixed(1))

function text(x: number, y: number, kind: string, content: string, more = ''): string {
  const escaped = content.replace(/[&<>]/g, character => `&#${character.charCodeAt(0)};`)
  return `<text x="${length(x)}" y="${y}" class="${kind}"${more}>${escaped}</text>`
}
