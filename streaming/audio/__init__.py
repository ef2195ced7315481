"""PCM, codecs and resampling with numpy, PyAV and soxr. Independent of Django."""
