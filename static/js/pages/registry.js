// The images of a repository: the platforms of one open under its row.

document.addEventListener("click", (event) => {
  const button = event.target.closest?.(".at .tw[aria-controls]");
  if (!button) return;
  const row = document.getElementById(button.getAttribute("aria-controls"));
  const open = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(open));
  row.hidden = !open;
});
