#pragma once

// Compiles a function once for each of these processors. The first call chooses the code for the processor it runs on.
// In a file that includes vectors.h, such a function must not add a product to a sum: vectors.h lets the compiler
// contract the two, and it does so only for some of the processors.
#define LSTM_GAN_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
