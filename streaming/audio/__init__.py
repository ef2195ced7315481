"""PCM, codecs and resampling; numpy, PyAV and soxr; no Django."""
