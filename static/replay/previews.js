/* Small pictures of moments beside the pointer: out of sheets made by the server, or one picture asked for alone. */
"use strict";

window.Replay = window.Replay || {};

(() => {
  const { askJson, spell, geometry } = window.Replay;
  const WIDE_PX = 240, REST_MS = 140, AROUND_MS = 1_800_000, SHEETS_AGE_MS = 5 * 60_000, PENDING_MS = 4000;

  class Previews {
    constructor(page, api) {
      this.peek = page.querySelector("[data-peek]");
      this.picture = page.querySelector("[data-peek-picture]");
      this.saidMoment = page.querySelector("[data-peek-moment]");
      this.saidWords = page.querySelector("[data-peek-words]");
      this.api = api;
      this.sheets = [];
      this.loaded = null;
    }

    /* Show another camera's from now on: nothing of the one before, nor what is still on its way of it. */
    turnTo(api) {
      if (api === this.api) return;
      Object.assign(this, { api, sheets: [], loaded: null });
      this.hidePicture();
    }

    /* Show what there is of a moment above the pointer; `has` says whether there is footage to picture. */
    show(x, width, { moment, time, words, has }) {
      this.peek.hidden = false;
      this.saidMoment.textContent = time;
      this.saidWords.textContent = words;
      const half = Math.min(width / 2, WIDE_PX / 2 + 8);
      this.peek.style.left = `${Math.min(width - half, Math.max(half, x))}px`;
      this.moment = moment;
      if (!this.api || !has) { this.hidePicture(); return; }
      const found = geometry.findPreview(this.sheets, moment);
      if (found) this.showSheet(found);
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.look(moment, Boolean(found)), REST_MS);
    }

    hide() {
      clearTimeout(this.waiting);
      this.moment = NaN;
      this.peek.hidden = true;
    }

    hidePicture() {
      clearTimeout(this.waiting);
      this.picture.hidden = true;
    }

    showSheet({ url, x, y, width, height, columns, rows }) {
      const scale = WIDE_PX / width;
      this.paint(`url("${url}")`, height * scale, `${columns * width * scale}px ${rows * height * scale}px`, `${-x * scale}px ${-y * scale}px`);
    }

    paint(image, height, size, position) {
      Object.assign(this.picture.style, { backgroundImage: image, height: `${Math.round(height)}px`, backgroundSize: size, backgroundPosition: position });
      this.picture.hidden = false;
    }

    async look(moment, isShown) {
      const { api } = this;
      if (!this.loaded || moment < this.loaded.from || moment > this.loaded.to || performance.now() - this.loaded.at > SHEETS_AGE_MS) await this.loadSheets(moment);
      if (this.moment !== moment || this.api !== api) return;
      const found = geometry.findPreview(this.sheets, moment);
      if (found) this.showSheet(found);
      else if (!isShown) this.loadFrame(moment);
    }

    async loadSheets(moment) {
      const from = moment - AROUND_MS, to = moment + AROUND_MS;
      const asked = this.loaded = { from, to, at: performance.now() };
      try {
        const { tiles, pending } = await askJson(`${this.api}/previews?from=${spell(from)}&to=${spell(Math.min(to, Date.now()))}`);
        if (this.loaded !== asked) return;
        this.sheets = tiles.map((sheet) => ({ ...sheet, start: Date.parse(sheet.start), end: Date.parse(sheet.end) }));
        if (pending) asked.at -= SHEETS_AGE_MS - PENDING_MS;
      } catch { if (this.loaded === asked) this.sheets = []; }  // without sheets single pictures do
    }

    loadFrame(moment) {
      const { api } = this, url = `${api}/frame.jpg?at=${spell(moment)}&width=320`;
      const isWanted = () => this.moment === moment && this.api === api;
      const image = new Image();
      image.onload = () => { if (isWanted()) this.paint(`url("${url}")`, WIDE_PX * image.naturalHeight / image.naturalWidth, "100% 100%", "0 0"); };
      image.onerror = () => { if (isWanted()) this.hidePicture(); };
      image.src = url;
    }
  }

  window.Replay.Previews = Previews;
})();
