/** How the editor's code and its tests are checked; what the editor's types say, `tsc` checks (tsconfig.json). */
import js from '@eslint/js'
import globals from 'globals'
import tseslint from 'typescript-eslint'

const LINE = 120

export default [
  { ignores: ['.venv/', 'build/', 'dist/', 'output/', 'runs/', 'shards/'] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'max-len': ['error', { code: LINE, tabWidth: 2 }],
      'no-unused-vars': ['error', { ignoreRestSiblings: true }],
      'array-callback-return': 'error',
      'default-case-last': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-implicit-coercion': ['error', { boolean: false }],
      'no-shadow': 'error',
      'no-unneeded-ternary': 'error',
      'no-unused-expressions': 'error',
      'no-useless-concat': 'error',
      'no-useless-return': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': ['error', { destructuring: 'all' }],
      'prefer-template': 'error',
    },
  },
  {
    files: ['js/**/*.js', 'trackgo/**/*.js'],
    languageOptions: { globals: globals.browser },
  },
  {
    files: ['js/trackgo.js', 'js/motion_command.js'],
    languageOptions: { globals: { LiteGraph: 'readonly' } },
  },
  {
    // Rules that need types.
    files: ['js/**/*.js'],
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
    },
  },
  {
    files: ['tests/js/**/*.js', 'eslint.config.js'],
    languageOptions: { globals: globals.node },
  },
]
