/** What an option of another program is called here. */
export interface ForeignOption {
  /** The option's names in other programs, without `--`, in lower case with hyphens, separated by spaces. */
  readonly names: string;
  /** What to type here; VALUE stands for the option's value. */
  readonly typed?: string;
  /** A sentence about the difference, if there is one. */
  readonly say?: string;
  /**
   * The options and arguments that a command must have for this answer to make sense. Default: the options in `typed`.
   */
  readonly needs?: readonly string[];
}

const bothRates = 'learningRate=VALUE --set optimizer.discriminator.learningRate=VALUE';
const training = ['--data'];

/**
 * Options of StyleGAN, pix2pix, DCGAN examples, mmgeneration, Hugging Face's trainers and their like. The first entry
 * counts that has the name and makes sense for the command.
 */
export const foreignOptions: readonly ForeignOption[] = [
  // How long.
  { names: 'epoch n-epochs num-epochs num-train-epochs max-epochs nepochs niter', typed: '--epochs VALUE' },
  { names: 'kimg total-kimg', typed: '--images VALUEk' },
  { names: 'nimg num-images total-images', typed: '--images VALUE' },
  {
    names: 'iter iters iterations max-iters max-steps num-steps total-steps train-steps n-iters',
    typed: '--steps VALUE',
  },
  // Images.
  {
    names: 'size resolution res image-size img-size imgsize imagesize crop-size load-size fine-size input-size',
    typed: '--set model.image.size=VALUE',
    say: 'Images are scaled and cropped to this size; the filters of a preset follow it.',
  },
  {
    names: 'dataroot dataset datasets data-dir datadir data-path data-root dataset-path train-dir train-data-dir input',
    typed: '--data VALUE',
  },
  { names: 'nc n-channels num-channels image-channels in-channels input-nc output-nc', typed: '--channels VALUE' },
  { names: 'gray grayscale greyscale', typed: '--channels 1' },
  { names: 'mirror xflip hflip random-flip horizontal-flip', typed: '--flip' },
  {
    names: 'aug augment augpipe ada diffaug diffaugment',
    typed: "--set 'model.augment={colour: true, translation: 0.125, cutout: 0.5}'",
    say: 'These are the changes of DiffAugment. --flip mirrors images.',
  },
  {
    names: 'cond conditional class classes num-classes n-classes labels',
    typed: '--set model.condition.kind=label',
    say: 'The classes are the folders of --data, and are counted there.',
  },
  // Batches and steps.
  { names: 'batch bs train-batch-size total-batch mini-batch minibatch', typed: '--batch-size VALUE' },
  {
    names: 'batch-gpu per-device-train-batch-size per-gpu-batch-size',
    typed: '--shard-size VALUE',
    say: 'A worker computes one shard of the batch at a time.',
  },
  {
    names: 'lr learning-rate learningrate base-lr',
    typed: `--set optimizer.generator.${bothRates}`,
  },
  { names: 'glr lr-g g-lr gen-lr lrg', typed: '--set optimizer.generator.learningRate=VALUE' },
  { names: 'dlr lr-d d-lr disc-lr lrd', typed: '--set optimizer.discriminator.learningRate=VALUE' },
  {
    names: 'beta1 b1 adam-beta1',
    typed: '--set optimizer.generator.beta1=VALUE --set optimizer.discriminator.beta1=VALUE',
  },
  {
    names: 'beta2 b2 adam-beta2',
    typed: '--set optimizer.generator.beta2=VALUE --set optimizer.discriminator.beta2=VALUE',
  },
  { names: 'n-critic ncritic critic-iters d-steps num-d-steps', typed: '--set discriminatorSteps=VALUE' },
  // The model.
  {
    names: 'cfg arch architecture net-g netg',
    typed: '--preset NAME',
    say: '--config takes a file of your own.',
  },
  { names: 'gamma r1 r1-gamma r1-weight', typed: "--set 'model.regularizer={kind: r1, gamma: VALUE}'" },
  {
    names: 'gp gradient-penalty',
    typed: "--set 'model.regularizer={kind: gradient-penalty, lambda: 10}'",
  },
  {
    names: 'lambda-gp gp-weight',
    typed: "--set 'model.regularizer={kind: gradient-penalty, lambda: VALUE}'",
  },
  { names: 'mbstd-group mbstd', typed: '--set model.discriminator.minibatchDeviation=VALUE' },
  { names: 'nz z-dim zdim latent latent-dim latent-size noise-dim', typed: '--set model.latent=VALUE' },
  { names: 'ngf g-channels', typed: "--set 'model.generator.filters=[128, 64]'" },
  { names: 'ndf d-channels', typed: "--set 'model.discriminator.filters=[64, 128, 256]'" },
  { names: 'dropout', typed: '--set model.discriminator.dropout=VALUE' },
  { names: 'loss gan-mode gan-loss adv-loss loss-type', typed: '--set model.loss=VALUE' },
  {
    names: 'ema ema-decay ema-kimg ema-nimg',
    typed: '--set ema.halfLifeImages=IMAGES',
    say: 'The moving average is always kept; its half-life is in images.',
  },
  { names: 'fp16 half amp bf16 mixed-precision', typed: '--set precision=bfloat16' },
  // Where results go, and when.
  { names: 'outdir output output-dir save-dir out-folder result-dir results-dir', typed: '--out-dir VALUE' },
  {
    names:
      'outdir out-dir output output-dir save-dir work-dir workdir checkpoint-dir checkpoints-dir ckpt-dir log-dir logdir run-dir',
    typed: '--out VALUE',
  },
  { names: 'name exp-name experiment run-name', typed: '--out runs/VALUE', needs: ['--out', '--resume'] },
  {
    names:
      'snap snapshot save-every save-freq save-epoch-freq save-interval save-steps save-iter checkpoint-freq ckpt-every image-snap sample-interval sample-freq display-freq log-interval',
    typed: '--sample-every STEPS --checkpoint-every SECONDS',
    say: 'Grids of samples are drawn by steps; checkpoints are written by time.',
  },
  {
    names:
      'resume-from resume-from-checkpoint resume-pkl load load-model pretrained continue continue-train auto-resume ckpt checkpoint',
    typed: '--resume VALUE',
    say: 'A run goes on in its own folder.',
  },
  {
    names: 'wandb use-wandb tensorboard logger report-to visdom-port',
    say: "Losses and times are in metrics.jsonl of the run's folder; lstm-gan inspect draws them.",
  },
  // Devices and machines.
  {
    names: 'gpus gpu gpu-ids gpu-id ngpu n-gpu n-gpus num-gpus devices nproc-per-node cuda use-cuda',
    typed: '--device gpu',
    say: 'Workers compute on the GPUs that CUDA_VISIBLE_DEVICES names, one worker on each.',
  },
  { names: 'no-cuda cpu use-cpu', typed: '--device cpu' },
  { names: 'gpu cuda device', typed: '--variant gpu' },
  {
    names: 'gpus gpu gpu-ids n-gpus num-gpus device devices cuda',
    say: 'Workers choose their devices: lstm-gan worker has the option --device.',
    needs: ['--bind'],
  },
  {
    names: 'num-workers n-workers nworkers num-threads n-threads',
    typed: '--workers VALUE',
    say: 'Workers are the processes that train; images need no processes to load them.',
  },
  { names: 'host port master-port address listen', typed: '--bind 0.0.0.0:VALUE' },
  {
    names: 'nodes nnodes num-nodes world-size rank local-rank master-addr master-port distributed dist-url port host',
    say: 'For several machines, lstm-gan coordinator runs on one of them and lstm-gan worker on all.',
    needs: training,
  },
  // Randomness.
  { names: 'manualseed manual-seed random-seed rng-seed', typed: '--seed VALUE' },
  { names: 'seeds', typed: '--seed NUMBER --count IMAGES', say: 'One seed draws any number of images.' },
  // Drawing.
  { names: 'network ckpt checkpoint model run pkl load weights', typed: 'RUN, without an option', needs: ['<run>'] },
  { names: 'num n n-samples num-samples samples num-images n-images', typed: '--count VALUE' },
  { names: 'trunc truncation truncation-psi psi', say: 'Noise is not truncated here.', needs: ['--count'] },
  { names: 'format ext', typed: '--out grid.VALUE', needs: ['--animation'] },
  { names: 'gif video mp4', typed: '--animation training.gif' },
];
