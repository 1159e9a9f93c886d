/** tfjs's cpu backend, in plain JavaScript, which registers itself. */
import '@tensorflow/tfjs-backend-cpu';
