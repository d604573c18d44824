import { harmless, type Look } from '../terminal.ts'
import type { Explained } from './config-explain.ts'

/** Settings for people: the value first, then why, then what it means. */
export function explainedText(rows: readonly Explained[], file: string | undefined, style: Look): string {
  const settings = Map.groupBy(rows, ({ setting }) => setting)
  const source = file === undefined ? 'There is no configuration file here: all is as it is by default.\n\n' : ''
  return source + [...settings.values()].map(all => settingText(all, file, style)).join('\n')
}

function settingText(rows: readonly Explained[], file: string | undefined, style: Look): string {
  const { manual, type, default: initial } = rows[0]!
  const lines = rows.map(({ setting, host, value, from }) => {
    const name = host === null ? setting : `${setting} of ${host}`
    const source = from === 'default' ? 'the default' : `${from}${from.startsWith('line') ? ` of ${file}` : ''}`
    return `${style.bold(harmless(name))} = ${harmless(value ?? 'unset')}  ${style.dim(source)}\n`
  })
  return `${lines.join('')}  ${manual}\n  ${style.dim(`${type}; default: ${initial ?? 'unset'}`)}\n`
}
