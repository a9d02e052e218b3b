"""What Bamboo keeps: stored metrics, task lists and hook results, lossless under their own names."""
