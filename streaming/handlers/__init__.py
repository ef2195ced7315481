"""What developers subclass or call: streams, stream handlers, replies on pause, speech to text, text to speech."""
