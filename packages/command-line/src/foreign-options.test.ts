import { expect, it } from 'vitest';
import { foreignOptions } from './foreign-options.ts';

it('writes names in the form in which they are compared, and answers each with an option or a sentence', () => {
  for (const { names, typed, say } of foreignOptions) {
    expect(names).toMatch(/^[a-z][a-z\d-]*( [a-z][a-z\d-]*)*$/);
    expect(typed ?? say).toBeDefined();
  }
});
