"""Text to speech with programs and packages that are installed on this machine. Independent of the network, Django and asyncio."""
