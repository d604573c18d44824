import { features } from '../../features/index.ts'
import { keyOf } from '../../server/check-config.ts'
import { isUnset, type Setting, type Settings, writtenValue } from '../../server/config.ts'
import { coreSettings, hostSettings, otherSettings } from '../../server/settings.ts'

/** One setting as it is declared, ready to be shown. */
export interface Declared {
  /** Its table in the file, and its key there. */
  readonly section: string
  readonly key: string
  /** Its name in the program. */
  readonly name: string
  readonly setting: Setting<unknown>
  /** Whether each host may have a value of its own. */
  readonly perHost: boolean
}

/** The section of what stands in no table, and of what stands in those of hosts. */
export const topLevel = ''
export const hostTables = 'hosts'

/** All settings, by their sections: of the core first, then of the features in the order of their names. */
export function allSettings(): readonly Declared[] {
  const sorted = [...features].sort((a, b) => a.name.localeCompare(b.name))
  return [
    ...declared(topLevel, otherSettings, false),
    ...declared(hostTables, hostSettings, true),
    ...Object.entries(coreSettings).flatMap(([section, settings]) => declared(section, settings, false)),
    ...sorted.flatMap(({ name, config }) => declared(name, config ?? {}, true)),
  ]
}

/** The default of a setting as the file would have it; undefined where it has none. */
export function defaultText({ initial, kind }: Setting<unknown>): string | undefined {
  return isUnset(initial) ? undefined : writtenValue(kind, initial)
}

function declared(section: string, settings: Settings, perHost: boolean): Declared[] {
  return Object.entries(settings).map(([name, setting]) => {
    return { section, key: keyOf(name), name, setting: setting as Setting<unknown>, perHost }
  })
}
