"""Settings, URLs, servers and the ASGI entry point. Nothing else imports it, except for `config.env`."""

import os

# Before numpy is imported: its OpenBLAS would compute each larger product in one thread per processor, which wait busily for each other.
# Sessions and decoder threads use the processors already, so such a product took 50 times the CPU (decision 126).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
