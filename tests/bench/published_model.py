"""The small model as its package publishes it, run directly by onnxruntime: the *model alone* that the server is compared with."""

from streaming.speech.engines.moonshine import Moonshine
from streaming.speech.engines.moonshine_networks import MergedNetworks
from streaming.speech.vad import data_file


def published_model() -> Moonshine:
    """Return tiny-en with the graphs of its files, which the server replaces by its own (docs/adr/0173)."""
    encoder, decoder, tokenizer = (
        data_file("moonshine_voice", "assets", "tiny-en", name)
        for name in ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin")
    )
    return Moonshine(MergedNetworks(encoder, decoder), tokenizer)
