import type { Feature } from '../../server/feature.ts'
import { coreXeps, rfcs } from '../../server/xeps.ts'
import { titles } from './titles.ts'

/** A XEP that something here implements. */
export interface Implemented {
  readonly number: number
  readonly title: string
  readonly version: string
  /** The features that declare it; none for the core itself. */
  readonly features: readonly string[]
}

/** All XEPs that the core and these features declare, by number. Throws where one has no title, or two versions. */
export function implemented(features: readonly Feature[]): readonly Implemented[] {
  const all = new Map<number, Implemented>()
  const declared = features.flatMap(({ name, xeps = [] }) => xeps.map(xep => ({ ...xep, feature: [name] })))
  for (const { number, version, feature } of [...coreXeps.map(xep => ({ ...xep, feature: [] })), ...declared]) {
    const title = titles[number]
    if (title === undefined) throw new Error(`XEP-${padded(number)} has no title in src/cli/documents/titles.ts`)
    const known = all.get(number)
    if (known !== undefined && known.version !== version) {
      throw new Error(`XEP-${padded(number)} is declared in version ${known.version} and in ${version}`)
    }
    all.set(number, { number, title, version, features: [...(known?.features ?? []), ...feature] })
  }
  return [...all.values()].sort((a, b) => a.number - b.number)
}

/** docs/xeps.md */
export function xepsDocument(features: readonly Feature[]): string {
  const rows = implemented(features).map(
    ({ number, title, version, features: by }) =>
      `| XEP-${padded(number)} | ${title} | ${version} | ${by.join(', ') || 'core'} |`,
  )
  const texts = rfcs.map(({ number, title }) => `| RFC ${number} | ${title} |`)
  return `# What Jackdaw implements

Written by \`npm run docs\` from what the features declare.

| extension | title | version | feature |
| --- | --- | --- | --- |
${rows.join('\n')}

| standard | title |
| --- | --- |
${texts.join('\n')}
`
}

/** The DOAP file: what the project says of itself to machines (https://xmpp.org/software/ reads it). */
export function doapDocument(features: readonly Feature[]): string {
  const xeps = implemented(features).map(
    ({ number, version }) => `    <implements>
      <xmpp:SupportedXep>
        <xmpp:xep rdf:resource="https://xmpp.org/extensions/xep-${padded(number)}.html"/>
        <xmpp:version>${version}</xmpp:version>
        <xmpp:status>complete</xmpp:status>
      </xmpp:SupportedXep>
    </implements>`,
  )
  const texts = rfcs.map(
    ({ number }) => `    <implements rdf:resource="https://www.rfc-editor.org/info/rfc${number}"/>`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns="http://usefulinc.com/ns/doap#" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:xmpp="https://linkmauve.fr/ns/xmpp-doap#">
  <Project>
    <name>Jackdaw</name>
    <shortdesc xml:lang="en">XMPP, whole, in TypeScript</shortdesc>
    <programming-language>TypeScript</programming-language>
    <license rdf:resource="https://spdx.org/licenses/MIT.html"/>
    <category rdf:resource="https://linkmauve.fr/ns/xmpp-doap#category-server"/>
${texts.join('\n')}
${xeps.join('\n')}
  </Project>
</rdf:RDF>
`
}

function padded(number: number): string {
  return String(number).padStart(4, '0')
}
