// Loaded before the first paint, so that the page never flashes in the other theme.
const chosenTheme = localStorage.getItem("theme");
if (chosenTheme) document.documentElement.dataset.theme = chosenTheme;
