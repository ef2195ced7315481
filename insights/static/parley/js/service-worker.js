// The service worker: shows a page without a connection, and keeps files that a phone shared until the upload page takes them.
// It never stores pages of an account. Everything else goes to the server as without it.

const OFFLINE = "parley-offline-1";
const SHARED = "parley-shared"; // also in upload/shared.js
const PAGE = "/offline/";
const STYLES = ["tokens", "base", "components", "bar", "pages", "account"].map((name) => `/static/parley/${name}.css`);

async function install() {
  const cache = await caches.open(OFFLINE);
  const anonymous = (path) => new Request(path, { credentials: "omit", cache: "reload" });
  await cache.addAll([PAGE, ...STYLES].map(anonymous));
  await self.skipWaiting();
}

async function activate() {
  for (const name of await caches.keys()) if (![OFFLINE, SHARED].includes(name)) await caches.delete(name);
  await self.clients.claim();
}

/** Keep the shared files, and open the upload page, which may ask for the sign-in first. */
async function keep(request) {
  try {
    const form = await request.formData();
    const files = form.getAll("files").filter((one) => one instanceof File && one.size);
    if (!files.length) return Response.redirect("/upload/?shared=lost", 303);
    await caches.delete(SHARED);
    const cache = await caches.open(SHARED);
    const at = String(Date.now());
    for (const [number, file] of files.entries()) {
      const headers = { "Content-Type": file.type || "application/octet-stream", "X-Name": encodeURIComponent(file.name), "X-At": at };
      await cache.put(`/shared-files/${number}`, new Response(file, { headers }));
    }
    return Response.redirect("/upload/?shared=yes", 303);
  } catch {
    return Response.redirect("/upload/?shared=lost", 303); // the storage is full, for example
  }
}

async function offline(request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(request.mode === "navigate" ? PAGE : request, { cacheName: OFFLINE })) ?? Response.error();
  }
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (request.method === "POST" && request.mode === "navigate" && pathname === "/upload/") event.respondWith(keep(request));
  else if (request.method === "GET" && (request.mode === "navigate" || STYLES.includes(pathname))) event.respondWith(offline(request));
});
