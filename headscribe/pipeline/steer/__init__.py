"""``steer``: whether the running model does what descriptions say."""
