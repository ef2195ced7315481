"""Text in, sound out: voices of programs and packages that are installed on this machine; no network, no Django, no asyncio."""
