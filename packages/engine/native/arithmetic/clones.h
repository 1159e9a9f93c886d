#pragma once

// A file with clones does not include vectors.h, or has no sum of a product in a clone: the clones would be contracted
// differently.
// Compiles a function once for each of these processors. The first call chooses the code for the processor it runs on.
#define LSTM_GAN_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
