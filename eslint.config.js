import neostandard from 'neostandard'

// Imports point up this list only: a room may use what stands before it.
const ROOMS = ['schemas', 'errors', 'privacy', 'config', 'domain', 'calendar', 'http', 'storage', 'providers', 'identity', 'teleconsultations', 'mail', 'plugins', 'routes', 'app']
const MAY_IMPORT = {
  schemas: [],
  errors: [],
  privacy: ['errors'],
  config: ['schemas'],
  domain: ['schemas', 'errors'],
  calendar: ['schemas', 'domain', 'errors'],
  http: ['errors'],
  storage: ['schemas', 'domain', 'http', 'errors', 'privacy'],
  providers: ['schemas', 'domain', 'http', 'errors'],
  // The configuration's types only: the values are passed in.
  identity: ['schemas', 'domain', 'http', 'errors', 'config'],
  // The ports' types only.
  teleconsultations: ['schemas', 'errors', 'domain', 'storage', 'providers'],
  mail: ['schemas', 'errors', 'domain', 'calendar', 'storage', 'teleconsultations']
}

const pathsOf = (room) => room === 'errors' ? ['**/errors.ts', '!./errors.ts'] : [`**/${room}/**`, ...(room === 'app' ? ['**/app.ts'] : [])]

const importRules = Object.entries(MAY_IMPORT).map(([room, allowed]) => ({
  files: room === 'schemas' ? ['schemas/**/*.ts'] : room === 'errors' ? ['lib/errors.ts'] : [`lib/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': ['error', {
      patterns: ROOMS
        .filter((other) => other !== room && !allowed.includes(other) && other !== 'errors')
        .map((other) => ({ group: pathsOf(other), message: `${room}/ may not import from ${other}/` }))
    }]
  }
}))

export default [
  ...neostandard({ ts: true, ignores: ['dist/', 'web/dist/', '.tap/', 'coverage/', 'data/'] }),
  ...importRules,
  {
    files: ['lib/**/*.ts', 'schemas/**/*.ts'],
    ignores: ['lib/config/**'],
    rules: {
      'no-restricted-syntax': ['error', { selector: "MemberExpression[object.name='process'][property.name='env']", message: 'Only lib/config reads the environment' }]
    }
  },
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-redeclare': 'off',
      'no-redeclare': 'off'
    }
  }
]
