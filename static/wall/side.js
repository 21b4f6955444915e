/* The list beside the tiles: every camera of the city, found by name or place, dragged or put into a tile. */
"use strict";

(() => {
  const SHOWN = 50;
  const TYPING_MS = 250;
  const DRAGGED = "application/x-vms-camera";
  const { element: wall, words, cards, announce, grid } = window.wall;
  const side = wall.querySelector("[data-side]");
  const search = wall.querySelector("[data-side-search]");
  const list = wall.querySelector("[data-side-list]");
  const note = wall.querySelector("[data-side-note]");
  const target = wall.querySelector("[data-side-target]");
  const button = wall.querySelector("[data-side-button]");
  let asking = null, typing = null;

  async function look() {
    asking?.abort();
    const mine = asking = new AbortController();
    const query = new URLSearchParams({ search: search.value.trim(), page_size: SHOWN });
    try {
      const answer = await fetch(`${wall.dataset.camerasUrl}?${query}`, { headers: { Accept: "application/json" }, signal: mine.signal });
      if (!answer.ok) throw new Error(`answer ${answer.status}`);
      const found = await answer.json();
      list.replaceChildren(...found.results.map(makeItem));
      note.textContent = found.next ? words.more : found.results.length ? "" : words.none;
    } catch (error) {
      if (error.name !== "AbortError") note.textContent = words.listFailed;
    }
  }

  function makeItem(camera) {
    const item = document.createElement("li");
    const put = document.createElement("button");
    put.type = "button";
    put.className = "quiet";
    put.draggable = true;
    put.dataset.id = camera.id;
    put.dataset.state = camera.state;
    const dot = document.createElement("span");
    dot.className = "dot";
    dot.setAttribute("aria-hidden", "true");
    const name = document.createElement("span");
    name.className = "name";
    name.textContent = camera.name;
    const place = document.createElement("small");
    const isThere = grid.findCamera(camera.id) !== undefined;
    place.textContent = [camera.location, isThere ? words.onWall : ""].filter(Boolean).join(" · ");
    put.append(dot, name, place);
    put.addEventListener("click", () => bring(camera.id, grid.nextPlace()));
    put.addEventListener("dragstart", (event) => {
      event.dataTransfer.setData(DRAGGED, camera.id);
      event.dataTransfer.effectAllowed = "copyMove";
    });
    item.append(put);
    return item;
  }

  /* Put a camera into a place, wherever it comes from: its card is made by the server. */
  async function bring(id, place) {
    if (!grid.hasPlace(place)) { note.textContent = words.full; announce(words.full); return; }
    if (!cards.has(id)) {
      const card = await fetchCard(id);
      if (!card) { note.textContent = words.listFailed; return; }
      if (!cards.has(id)) window.wall.addCard(card);  // else a second click brought it meanwhile
      for (const link of card.querySelectorAll("h2 a")) link.tabIndex = -1;
    }
    grid.put(id, place);
    const page = Math.floor(place / grid.size);
    if (page !== grid.page && page < grid.pages) grid.turnTo(page);
    grid.select(place % grid.size);
    if (side.hidden) return;
    const next = grid.nextPlace();
    if (Math.floor(next / grid.size) === grid.page) grid.select(next % grid.size);
    look();
  }

  async function fetchCard(id) {
    try {
      const answer = await fetch(`${wall.dataset.cardsUrl}?ids=${id}`);
      if (!answer.ok) return null;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const card = page.querySelector("[data-camera]");
      return card ? document.importNode(card, true) : null;
    } catch { return null; }
  }

  function open() {
    side.hidden = false;
    button.setAttribute("aria-expanded", "true");
    showTarget();
    look();
    search.focus();
  }

  function close() {
    side.hidden = true;
    button.setAttribute("aria-expanded", "false");
    grid.focus(grid.selected);
  }

  function showTarget() {
    if (!side.hidden) target.textContent = words.target.replace("{number}", (grid.nextPlace() % grid.size) + 1);
  }

  function walk(event) {
    const items = [...list.querySelectorAll("button")], at = items.indexOf(document.activeElement);
    if (event.key === "Escape") close();
    else if (event.key === "ArrowDown") items[Math.min(at + 1, items.length - 1)]?.focus();
    else if (event.key === "ArrowUp") (at > 0 ? items[at - 1] : search).focus();
    else if (event.key === "Enter" && event.target === search) items[0]?.click();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  button.addEventListener("click", () => (side.hidden ? open() : close()));
  wall.querySelector("[data-side-close]").addEventListener("click", close);
  side.addEventListener("keydown", walk);
  search.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(look, TYPING_MS); });
  document.addEventListener("keydown", (event) => {
    if ((event.key !== "c" && event.key !== "C") || !window.wall.isForTheWall(event)) return;
    event.preventDefault();
    if (side.hidden) open();
    else close();
  });

  window.wall.side = { open, bring, showTarget, get isOpen() { return !side.hidden; } };
  if (!grid.places.size) announce(words.empty);
})();
