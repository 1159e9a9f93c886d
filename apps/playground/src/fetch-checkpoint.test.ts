import { UserError } from '@lstm-gan/core/errors';
import { expect, it } from 'vitest';
import { fetchCheckpoint } from './fetch-checkpoint.ts';

it('refuses a checkpoint on another site, so that a link to the page cannot load it', async () => {
  const loading = fetchCheckpoint('https://elsewhere.example/c.safetensors', 'https://here.example/play/');
  await expect(loading).rejects.toThrow('lies on https://elsewhere.example; this page loads from its own site alone');
  await expect(loading).rejects.toBeInstanceOf(UserError);
});
