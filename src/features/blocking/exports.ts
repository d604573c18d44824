// What the block list and privacy lists share (XEP-0191 §5).
export { activate, commit } from './change.ts'
export { defaultList, denies, type Item, stanzas } from './list.ts'
export { active, blockedOf, defaultName, itemsOf, listFor, listsOf, namesOf, privacyLists, replaced } from './lists.ts'
export { pushDifference } from './pushes.ts'
