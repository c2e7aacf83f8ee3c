import { describe, expect, it } from 'vitest'
import { drawing } from '../../packages/examples/page-views/drawing.ts'

const service = (name: string, ...dependsOn: readonly string[]) => ({ name, state: 'RUNNING', dependsOn })

describe('the drawing of services', () => {
  it.each([
    ['nothing', [], ''],
    ['one line for one that stands alone', [service('a')], 'a RUNNING'],
    [
      'what each depends on below it, also where it was drawn before',
      [service('a', 'b', 'c'), service('b', 'c'), service('c'), service('d')],
      'a RUNNING\n├─ b RUNNING\n│  └─ c RUNNING\n└─ c RUNNING\nd RUNNING',
    ],
    [
      'nothing beside what is drawn below the last',
      [service('a', 'b'), service('b', 'c'), service('c')],
      'a RUNNING\n└─ b RUNNING\n   └─ c RUNNING',
    ],
  ])('has %s', (_, services, drawn) => {
    expect(drawing(services)).toBe(drawn)
  })
})
