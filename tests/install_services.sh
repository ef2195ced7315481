#!/bin/sh
# Installs Redis, PostgreSQL, Chromium, coturn, Flite, nginx and Caddy where that is possible (root and apt); otherwise
# the tests that need one of them are skipped, each saying what it lacks. Without the headless shell of Chromium, which
# saves CPU time, the browser tests run in Chromium itself.
missing=""
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || missing="$missing chromium"
command -v turnserver >/dev/null 2>&1 || missing="$missing coturn"
command -v flite >/dev/null 2>&1 || missing="$missing flite"
command -v nginx >/dev/null 2>&1 || missing="$missing nginx-light"
command -v caddy >/dev/null 2>&1 || missing="$missing caddy"
shell=""
command -v chromium-headless-shell >/dev/null 2>&1 || shell=chromium-headless-shell
[ -z "$missing$shell" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing for the tests:$missing $shell"
    export DEBIAN_FRONTEND=noninteractive
    # Debian starts what it installs; the tests start servers of their own.
    apt-get update -qq && RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $missing fonts-dejavu-core >/dev/null 2>&1 \
        || echo "could not install$missing: the tests that need them will be skipped"
    [ -z "$shell" ] || apt-get install -y -qq --no-remove --no-install-recommends $shell >/dev/null 2>&1 \
        || echo "could not install $shell: the browser tests need more time without it"
elif [ -n "$missing" ]; then
    echo "missing$missing: the tests that need them will be skipped"
fi
exit 0
