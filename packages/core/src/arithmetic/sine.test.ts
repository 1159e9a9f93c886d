import { expect, it } from 'vitest';
import { sineAndCosine } from './sine.ts';

it('agrees with Math.sin and Math.cos', () => {
  for (let i = 0; i < 4096; i++) {
    const turns = i / 4096;
    const [sine, cosine] = sineAndCosine(turns);
    expect(Math.abs(sine - Math.sin(2 * Math.PI * turns))).toBeLessThan(2e-15);
    expect(Math.abs(cosine - Math.cos(2 * Math.PI * turns))).toBeLessThan(2e-15);
  }
});
