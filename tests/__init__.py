"""The test suite; its directories mirror those of the code."""
