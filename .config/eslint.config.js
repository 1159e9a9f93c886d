import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * The house rules that a machine can hold: sizes, and what is banned (enums, default exports, `export *`, `any`).
 * Names and import directions are held by test/architecture; dead exports by knip.
 */
const banned = [
  { selector: 'ExportDefaultDeclaration', message: 'Export by name: a thing has one name.' },
  { selector: 'ExportAllDeclaration', message: 'Name what you export: the public surface is a decision.' },
  { selector: 'TSEnumDeclaration', message: 'Use a union of string literals.' },
];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '**/fixtures/**'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    rules: {
      // A hint to look again, not a limit: a file or function ends where its meaning ends.
      'max-lines': ['warn', { max: 600 }],
      'max-lines-per-function': ['warn', { max: 100, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ['error', ...banned],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.test.ts', '**/testing/**/*.ts'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
      },
    },
    rules: { 'no-restricted-syntax': ['error', ...banned] },
  },
  { files: ['**/*.config.ts', '**/*.config.js'], rules: { 'no-restricted-syntax': 'off' } },
);
