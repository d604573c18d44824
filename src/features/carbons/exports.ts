export { isEligible } from './eligible.ts'
