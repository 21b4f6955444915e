/* The wall in tiles: rows and columns, pages that turn, tiles that are walked through, swapped and emptied by key or mouse. */
"use strict";

(() => {
  const MOST_PLACES = 200;
  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const DRAGGED = "application/x-vms-camera";
  const { element: wall, words, cards, announce, write } = window.wall;
  const stage = wall.querySelector("[data-stage]");
  const tiles = wall.querySelector("[data-tiles]");
  const tools = wall.querySelector("[data-grid-tools]");
  const rotation = wall.querySelector("[data-rotation]");
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  class Grid {
    constructor() {
      this.places = new Map();  // place on the wall, whatever page it is on → id of its camera
      for (const item of tiles.children) {
        const card = item.querySelector("[data-camera]");
        if (card) this.places.set(Number(item.dataset.place), card.dataset.camera);
      }
      this.slots = [];
      this.page = 0;
      this.selected = 0;
      this.isChanged = false;
      this.turning = null;
      [this.rows, this.columns] = wall.dataset.layout.split("x").map(Number);
      for (const card of cards.values()) for (const link of card.element.querySelectorAll("h2 a")) link.tabIndex = -1;
    }

    get size() { return this.rows * this.columns; }
    get pages() { return Math.max(1, Math.ceil((Math.max(-1, ...this.places.keys()) + 1) / this.size)); }
    placeOf(index) { return this.page * this.size + index; }
    cameraAt(index) { return this.places.get(this.placeOf(index)); }
    findCamera(id) { return [...this.places].find(([, camera]) => camera === id)?.[0]; }

    hasPlace(place) { return place < MOST_PLACES; }

    setLayout(written) {
      const first = this.placeOf(0);
      [this.rows, this.columns] = written.split("x").map(Number);
      this.page = Math.min(Math.floor(first / this.size), this.pages - 1);
      this.selected = 0;
      const address = new URL(location.href);
      for (const name of ["rows", "columns", "page"]) address.searchParams.delete(name);
      address.searchParams.set("layout", written);
      history.replaceState(null, "", address);
      this.note();
      this.render();
    }

    turnTo(page) {
      this.page = (page + this.pages) % this.pages;
      this.selected = Math.min(this.selected, this.size - 1);
      this.render();
      window.wall.ask();
    }

    /* Put a camera into a place; one that is on the wall already changes places with what is there. */
    put(id, place) {
      if (!this.hasPlace(place)) return;
      const before = this.findCamera(id), there = this.places.get(place);
      if (before === place) return;
      this.places.set(place, id);
      if (before !== undefined) {
        if (there) this.places.set(before, there);
        else this.places.delete(before);
      }
      if (there && before === undefined) window.wall.dropCard(there);
      this.note();
      this.render();
      announce(fill(words.put, { name: cards.get(id).name, number: (place % this.size) + 1 }));
    }

    empty(index) {
      const id = this.cameraAt(index);
      if (!id) return;
      const { name } = cards.get(id);
      this.places.delete(this.placeOf(index));
      window.wall.dropCard(id);
      this.page = Math.min(this.page, this.pages - 1);
      this.note();
      this.render();
      announce(fill(words.taken, { name }));
    }

    /* The place that a camera goes to when nobody says where: the selected tile if it is empty, else the first empty one. */
    nextPlace() {
      if (!this.cameraAt(this.selected)) return this.placeOf(this.selected);
      for (let index = 0; index < this.size; index += 1) if (!this.cameraAt(index)) return this.placeOf(index);
      return this.pages * this.size;
    }

    note() {
      this.isChanged = true;
      wall.dispatchEvent(new CustomEvent("wall:changed"));
    }

    render() {
      tiles.style.setProperty("--rows", this.rows);
      tiles.style.setProperty("--columns", this.columns);
      tiles.dataset.columns = this.columns;
      while (this.slots.length < this.size) this.slots.push(this.makeSlot(this.slots.length));
      const shown = this.slots.slice(0, this.size);
      for (const slot of this.slots.slice(this.size)) slot.remove();
      shown.forEach((slot, index) => this.fillSlot(slot, index));
      if (tiles.children.length !== shown.length || shown.some((slot, index) => tiles.children[index] !== slot)) tiles.replaceChildren(...shown);
      for (const card of cards.values()) { card.refreshPicture(); if (card.element.isConnected) card.resumePicture(); }
      this.showBar();
    }

    makeSlot(index) {
      const slot = document.createElement("li");
      slot.className = "slot";
      slot.addEventListener("focus", () => this.select(index));
      slot.addEventListener("dblclick", () => this.open(index));
      slot.addEventListener("dragstart", (event) => this.drag(event, index));
      slot.addEventListener("dragover", (event) => this.dragOver(event, slot));
      slot.addEventListener("dragleave", () => slot.classList.remove("over"));
      slot.addEventListener("drop", (event) => this.drop(event, slot, index));
      return slot;
    }

    fillSlot(slot, index) {
      const id = this.cameraAt(index), card = id && cards.get(id);
      const number = index + 1;
      slot.tabIndex = index === this.selected ? 0 : -1;
      slot.draggable = Boolean(card);
      slot.setAttribute("aria-label", card ? fill(words.tile, { number, name: card.name }) : fill(words.emptyTile, { number }));
      if (card) { if (slot.firstElementChild !== card.element) slot.replaceChildren(card.element, this.makeTakeOff(index, card.name)); }
      else if (!slot.querySelector(".vacant")) slot.replaceChildren(this.makeVacant(index));
    }

    /* For hands; the Delete key does the same. */
    makeTakeOff(index, name) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "take-off";
      button.tabIndex = -1;
      button.textContent = "×";
      button.title = fill(words.takeOff, { name });
      button.setAttribute("aria-label", button.title);
      button.addEventListener("click", () => { this.empty(index); this.focus(index); });
      return button;
    }

    makeVacant(index) {
      const vacant = document.createElement("div");
      vacant.className = "vacant";
      const text = document.createElement("p");
      text.textContent = words.empty;
      const button = document.createElement("button");
      button.type = "button";
      button.tabIndex = -1;
      button.textContent = words.choose;
      button.addEventListener("click", () => { this.select(index); window.wall.side?.open(); });
      vacant.append(text, button);
      return vacant;
    }

    showBar() {
      const written = `${this.rows}x${this.columns}`, links = [...wall.querySelectorAll("[data-layout-choice]")];
      for (const link of links) mark(link, link.dataset.layoutChoice === written);
      const custom = wall.querySelector("[data-custom]");
      mark(custom, !links.some((link) => link.dataset.layoutChoice === written));
      const form = wall.querySelector("[data-custom-form]");
      form.elements.rows.value = this.rows;
      form.elements.columns.value = this.columns;
      tools.querySelector(".paging").hidden = this.pages < 2;
      tools.querySelector(".rotation").hidden = this.pages < 2;
      write(tools.querySelector("[data-page-text]"), `${this.page + 1} / ${this.pages}`);
      tools.querySelector("[data-page-text]").title = fill(words.page, { number: this.page + 1, pages: this.pages });
      window.wall.side?.showTarget();
    }

    select(index) {
      if (this.selected === index) return;
      this.slots[this.selected].tabIndex = -1;
      this.selected = index;
      this.slots[index].tabIndex = 0;
      window.wall.side?.showTarget();
    }

    focus(index) {
      this.select(index);
      this.slots[index].focus();
    }

    neighbour([down, right]) {
      const row = Math.floor(this.selected / this.columns) + down, column = (this.selected % this.columns) + right;
      const isThere = row >= 0 && row < this.rows && column >= 0 && column < this.columns;
      return isThere ? row * this.columns + column : null;
    }

    step(key, isMoving) {
      const next = this.neighbour(STEPS[key]), id = this.cameraAt(this.selected);
      if (next === null) return;
      if (isMoving && id) this.put(id, this.placeOf(next));
      this.focus(next);
    }

    open(index) {
      const card = cards.get(this.cameraAt(index));
      const link = card?.element.querySelector("h2 a");
      if (link) location.assign(link.href);
      else { this.select(index); window.wall.side?.open(); }
    }

    drag(event, index) {
      event.dataTransfer.setData(DRAGGED, this.cameraAt(index) ?? "");
      event.dataTransfer.effectAllowed = "move";
    }

    dragOver(event, slot) {
      if (!event.dataTransfer.types.includes(DRAGGED)) return;
      event.preventDefault();
      slot.classList.add("over");
    }

    drop(event, slot, index) {
      slot.classList.remove("over");
      const id = event.dataTransfer.getData(DRAGGED);
      if (!id) return;
      event.preventDefault();
      window.wall.side.bring(id, this.placeOf(index));
    }

    /* Turn pages by themselves; whoever works on the wall is not disturbed. */
    rotate() {
      clearInterval(this.turning);
      const seconds = Number(rotation.value);
      if (!seconds) return;
      this.turning = setInterval(() => {
        const isBusy = document.hidden || document.querySelector("dialog[open]") || window.wall.side?.isOpen;
        if (this.pages > 1 && !isBusy) this.turnTo(this.page + 1);
      }, seconds * 1000);
    }
  }

  function mark(element, isCurrent) {
    if (isCurrent) element.setAttribute("aria-current", "true");
    else element.removeAttribute("aria-current");
  }

  async function turnFullScreen() {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await stage.requestFullscreen();
    } catch { announce(words.noFull); }
  }

  const grid = window.wall.grid = new Grid();
  document.body.classList.add("walling");
  tiles.classList.add("tiles");
  tools.hidden = false;
  wall.querySelector("[data-page-back]").addEventListener("click", () => grid.turnTo(grid.page - 1));
  wall.querySelector("[data-page-on]").addEventListener("click", () => grid.turnTo(grid.page + 1));
  wall.querySelector("[data-full]").addEventListener("click", turnFullScreen);
  rotation.addEventListener("change", () => { grid.note(); grid.rotate(); });
  for (const link of wall.querySelectorAll("[data-layout-choice]")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      grid.setLayout(link.dataset.layoutChoice);
    });
  }
  wall.querySelector("[data-custom-form]").addEventListener("submit", (event) => {
    event.preventDefault();
    grid.setLayout(`${event.target.elements.rows.value}x${event.target.elements.columns.value}`);
    event.target.closest("details").open = false;
  });

  document.addEventListener("keydown", (event) => {
    if (!window.wall.isForTheWall(event)) return;
    const inTiles = tiles.contains(event.target);
    const isFree = inTiles || event.target === document.body || event.target === wall;
    if (event.key in STEPS && isFree) { if (inTiles) grid.step(event.key, event.shiftKey); else grid.focus(grid.selected); }
    else if (event.key === "Enter" && event.target.classList.contains("slot")) grid.open(grid.selected);
    else if ((event.key === "Delete" || event.key === "Backspace") && event.target.classList.contains("slot")) { grid.empty(grid.selected); grid.focus(grid.selected); }
    else if (event.key === "PageDown") grid.turnTo(grid.page + 1);
    else if (event.key === "PageUp") grid.turnTo(grid.page - 1);
    else if (event.key === "f" || event.key === "F") turnFullScreen();
    else return;
    event.preventDefault();
  });

  grid.render();
  grid.rotate();
})();
