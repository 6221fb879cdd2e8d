// Runs before the first paint, so that a page that was switched to dark never flashes light.
try {
  const theme = localStorage.getItem('tocsin.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Where storage is refused, the system decides.
}
