// Registers the service worker, where the browser has any.

navigator.serviceWorker?.register("/service-worker.js").catch(() => {}); // not on pages without https, and not in private windows
