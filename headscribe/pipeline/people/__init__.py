"""Human evaluation: out and back in."""
