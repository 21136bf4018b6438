"""The numbers: geometry, convolution, pooling, padding, kernels. Prints nothing, opens nothing."""
