import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import type { Source } from './architecture.ts'

/** Reads all TypeScript files below some folders of a repository. */
export function readSources(top: string, folders: readonly string[]): Source[] {
  return folders.flatMap(folder =>
    readdirSync(join(top, folder), { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
      .map(entry => {
        const file = join(entry.parentPath, entry.name)
        return sourceOf(relative(top, file).split(sep).join('/'), readFileSync(file, 'utf8'))
      }),
  )
}

/** What the rules want to know of one file. */
export function sourceOf(path: string, text: string): Source {
  const code = withoutComments(text)
  return {
    path,
    imports: [...code.matchAll(specifier)].map(found => resolved(path, (found[1] ?? found[2] ?? found[3])!)),
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    ambient: [...new Set([...withoutStrings(code).matchAll(ambient)].map(([use]) => use))],
  }
}

/** `import … from 'x'`, `export … from 'x'`, `import 'x'`, `import('x')` and, as workers are named, `new URL('x', import.meta.url)`. */
const specifier =
  /^\s*(?:import|export)\b(?:[^'"`();]*?\bfrom)?\s*['"]([^'"\n]+)['"]|\bimport\(\s*['"]([^'"\n]+)['"]|\bnew URL\(\s*['"]([^'"\n]+)['"]\s*,\s*import\.meta\.url/gm

const ambient =
  /(?:(?<![.\w])|(?<=\bglobalThis\.))(?:Date\.now|Math\.random|performance\.now|new Date\(\)|setTimeout|setInterval|setImmediate|AbortSignal\.timeout|crypto\.(?:randomUUID|getRandomValues))(?!\w)/g

function resolved(path: string, target: string): string {
  return target.startsWith('.') ? join(dirname(path), target).split(sep).join('/') : target
}

/** Comments go, strings stay; a regular expression that holds a quote may confuse it, but never hides an import line. */
function withoutComments(text: string): string {
  return text.replaceAll(
    /('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*/g,
    (_, string) => string ?? '',
  )
}

function withoutStrings(code: string): string {
  return code.replaceAll(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''")
}
