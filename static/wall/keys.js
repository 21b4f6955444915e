/* The wall's keys that work everywhere: layouts by digits, pause, help; and the menus of its toolbar. */
"use strict";

(() => {
  const { element, turnPause } = window.wall;
  const help = element.querySelector("[data-help-dialog]");
  const helpButton = element.querySelector("[data-help]");
  const TYPING = "input, select, textarea, [contenteditable]";

  /* Whether a key is meant for the wall: not while somebody types, chooses, or answers a dialog. */
  function isForTheWall(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
    return !event.target.closest(TYPING) && !document.querySelector("dialog[open]");
  }

  function showHelp() {
    if (help && !help.open) help.showModal();
  }

  function chooseLayout(digit) {
    const side = `${digit}x${digit}`;
    if (window.wall.grid && digit !== "0") { window.wall.grid.setLayout(side); return; }
    const link = element.querySelector(`[data-bar] [data-key="${digit}"]`);
    if (link) link.click();
    else if (digit !== "0" && element.querySelector("[data-bar]")) location.assign(`/?layout=${side}`);
  }

  document.addEventListener("keydown", (event) => {
    if (!isForTheWall(event)) return;
    if (event.key === "?") showHelp();
    else if (/^[0-6]$/.test(event.key)) chooseLayout(event.key);
    else if (event.key === "p" || event.key === "P") turnPause();
    else return;
    event.preventDefault();
  });

  if (help && helpButton) {
    helpButton.hidden = false;
    helpButton.addEventListener("click", showHelp);
  }

  const menus = [...element.querySelectorAll("[data-menu]")];
  document.addEventListener("click", (event) => {
    for (const menu of menus) if (!menu.contains(event.target)) menu.open = false;
  });
  for (const menu of menus) {
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
      event.stopPropagation();
    });
  }

  window.wall.isForTheWall = isForTheWall;
})();
