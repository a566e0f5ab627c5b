import t from 'tap'
import { SESSION_ROUTES } from './session-statuses.ts'
import { answerAll } from './status-scenarios.ts'

// That these are all statuses of all these routes is proved beside the others', in statuses.test.ts.
answerAll(t, SESSION_ROUTES)
