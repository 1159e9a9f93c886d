/** A file of its own: what is loaded of tfjs is loaded for the whole process. */
import { expect, it } from 'vitest';
import { presets } from '../presets.ts';
import { createTrainer } from './create-trainer.ts';

it('says which part of tfjs is missing', async () => {
  const trainer = createTrainer(presets.get('digits').model, { batchSize: 1 });
  const images = new Uint8Array(32 * 32);
  await expect(trainer.step(images)).rejects.toMatchObject({ name: 'UserError', code: 'tfjs-without-backend' });
  await expect(trainer.sample(1)).rejects.toMatchObject({ name: 'UserError', code: 'tfjs-without-backend' });
  await import('@tensorflow/tfjs-backend-cpu');
  await expect(trainer.step(images)).rejects.toMatchObject({ name: 'UserError', code: 'tfjs-without-gradients' });
  expect(await trainer.sample(1)).toHaveLength(32 * 32);
});
