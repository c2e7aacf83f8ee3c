/**
 * The life cycle as data:
 *
 *                prepare            start
 *     STOPPED ─PREPARING→ PAUSED ─STARTING→ RUNNING      any of them, on an error ─→ FAILED
 *        ↑                 │  ↑                │
 *        └────STOPPING─────┘  └────PAUSING─────┘
 *              stop                 pause
 *
 * A class adds direct moves by `@transition`; they stand before these in its table.
 */
import type { Move } from './transition.ts'

/** Every move that all services have. A pair that is missing has no direct way; `route` finds the longer one. */
export const TRANSITIONS: readonly Move[] = [
  { from: 'STOPPED', to: 'PAUSED', via: 'PREPARING', hook: 'prepare' },
  { from: 'PAUSED', to: 'RUNNING', via: 'STARTING', hook: 'start' },
  { from: 'RUNNING', to: 'PAUSED', via: 'PAUSING', hook: 'pause' },
  { from: 'PAUSED', to: 'STOPPED', via: 'STOPPING', hook: 'stop' },
]
