"""Training: configuration, data, losses and the trainer on Hugging Face Accelerate."""
