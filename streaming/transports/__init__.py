"""Transports: WebSocket, WebRTC, telephone and HTTP; authentication of their clients, and revocation."""
