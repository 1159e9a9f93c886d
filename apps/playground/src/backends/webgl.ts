/** tfjs's webgl backend, which registers itself. */
import '@tensorflow/tfjs-backend-webgl';
