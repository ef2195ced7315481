// Swagger UI is dark by a class on the page, not by what the reader prefers: this keeps the class in step with that.

const dark = matchMedia("(prefers-color-scheme: dark)");
const dress = () => document.documentElement.classList.toggle("dark-mode", dark.matches);

dark.addEventListener("change", dress);
dress();
