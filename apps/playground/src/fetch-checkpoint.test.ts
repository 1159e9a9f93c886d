import { UserError } from '@lstm-gan/core/errors';
import { expect, it } from 'vitest';
import { fetchCheckpoint } from './fetch-checkpoint.ts';

it("does not load another site's file for whoever follows a link", async () => {
  const loading = fetchCheckpoint('https://elsewhere.example/c.safetensors', 'https://here.example/play/');
  await expect(loading).rejects.toThrow('lies on https://elsewhere.example; this page loads from its own site alone');
  await expect(loading).rejects.toBeInstanceOf(UserError);
});
