import t from 'tap'
import { OWN_ROUTES } from './own-statuses.ts'
import { answerAll } from './status-scenarios.ts'

// That these are all statuses of all these routes is proved beside the others', in statuses.test.ts.
answerAll(t, OWN_ROUTES)
