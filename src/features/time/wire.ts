import { element, leaf, maybe } from '../../wire/codec.ts'
import { Malformed } from '../../wire/errors.ts'
import { date, textKind } from '../../wire/kinds.ts'
import { readTime, writeTime } from '../../wire/time.ts'

/** Minutes ahead of UTC, written as XEP-0082's zone: `-06:00`, `+00:00` or `Z`. */
export const zone = textKind('an offset from UTC', readZone, writeZone)

function readZone(text: string): number {
  // A time of day ends in a zone, or in nothing; before that it may have a fraction.
  const { offset } = readTime(`00:00:00${text}`)
  if (offset === undefined || text.startsWith('.'))
    throw new Malformed('An offset from UTC is written like +02:00, or Z')
  return offset
}

function writeZone(offset: number): string {
  // `Z` would do as well, but not for every client.
  return offset === 0 ? '+00:00' : writeTime({ milliseconds: 0, offset }).slice('00:00:00'.length)
}

/** `<time/>`: empty as request; the answer has both the moment and the zone (XEP-0202 §2). */
export const entityTime = element('urn:xmpp:time', 'time', {
  zone: maybe(leaf(zone, 'tzo')),
  moment: maybe(leaf(date, 'utc')),
})
