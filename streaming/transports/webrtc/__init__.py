"""WebRTC: offers, candidates, peer connections, RTP in and out, the data channel."""
