"""The ASGI entry point: HTTP to Django, WebSockets to the streaming transports."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

http = get_asgi_application()  # sets Django up; the imports below need the app registry

from streaming.routing import websockets  # noqa: E402

application = ProtocolTypeRouter({"http": http, "websocket": websockets})
