"""The API for developers: streams, stream handlers, replies on pause, speech to text, text to speech."""
