/* What the server knows of the footage of some cameras, for the stretch that is looked at; the present grows. */
"use strict";

window.Replay = window.Replay || {};

(() => {
  const { chooseResolution } = window.Replay.geometry;
  const FRESH_MS = 5000, SETTLE_MS = 120, ANSWER_MS = 15_000, YOUNG_MS = 120_000;
  const NOTHING = { spans: [], gaps: [], holds: [], activity: [], events: [], from: 0, resolution: 1 };

  async function askJson(url, options = {}) {
    const answer = await fetch(url, { cache: "no-store", headers: { Accept: "application/json" }, signal: AbortSignal.timeout(ANSWER_MS), ...options });
    const body = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : null;
    if (!answer.ok) throw refusalOf(answer, body);
    return body;
  }

  /* What an answer refuses. To who is signed out the API says that a program's headers are missing. */
  function refusalOf({ status }, problem) {
    const isSignedOut = problem?.errors?.some(({ field }) => field === "X-City-ID");
    return Object.assign(new Error(`${status}`), { status: isSignedOut ? 401 : status, problem });
  }

  const spell = (moment) => new Date(moment).toISOString();

  class Footage {
    constructor(url, ids, { onChange, onTrouble }) {
      this.url = url;
      this.ids = ids;
      this.onChange = onChange;
      this.onTrouble = onTrouble;
      this.found = new Map();
      this.ahead = 0;
      this.loaded = null;
      this.coming = null;
      this.view = null;
      this.timer = setInterval(() => this.refresh(), FRESH_MS);
    }

    now() { return Date.now() + this.ahead; }
    of(id) { return this.found.get(id) ?? NOTHING; }

    /* Whether a moment is so young that the ledger of gaps may not know it yet. */
    isYoung(moment) { return moment > this.now() - YOUNG_MS; }

    /* Why there is no footage at a moment, by the gap that is known of it, if one is. */
    explain(gap, moment, { words, causes }) {
      if (gap) return causes[gap[2]];
      return this.isYoung(moment) ? words.causeYoung : words.notWished;
    }

    /* Say what is looked at; what is missing of it is asked for, once the view rests. */
    look(view, width) {
      this.view = view;
      this.width = width;
      clearTimeout(this.waiting);
      if (!this.covers(view, width)) this.waiting = setTimeout(() => this.ask(), this.loaded ? SETTLE_MS : 0);
    }

    /* Say whether what is known, or on its way, is what a view shows. */
    covers(view, width) {
      const known = this.coming ?? this.loaded;
      return known && known.from <= view.from && known.to >= Math.min(view.to, this.now() - FRESH_MS)
        && known.resolution === chooseResolution(view, width);
    }

    refresh() {
      if (this.view && !document.hidden && this.view.to > this.now() - 4 * FRESH_MS) this.ask();
    }

    /* Ask for what is looked at; resolves once that has come, or failed. While an answer is under way, the next one
       is waited for: only it is of what is looked at now. */
    ask() {
      if (this.asking) return this.again ??= this.asking.then(() => this.ask());
      this.again = null;
      return this.asking = this.fetchView().finally(() => { this.asking = this.coming = null; });
    }

    async fetchView() {
      const { view, width } = this;
      clearTimeout(this.waiting);
      const length = view.to - view.from, resolution = chooseResolution(view, width);
      // Whole buckets, so that a curve does not tremble while the view moves.
      const from = Math.floor((view.from - length / 2) / resolution / 1000) * resolution * 1000;
      const to = Math.min(view.to + length / 2, this.now());
      this.coming = { from, to, resolution };
      try {
        if (to > from) this.keep(await askJson(`${this.url}?camera_ids=${this.ids.join(",")}&from=${spell(from)}&to=${spell(to)}&resolution=${resolution}`), from, to, resolution);
        this.onTrouble(null);
      } catch (error) {
        this.onTrouble(error);
        if (!this.again) this.lookAgain();
      }
    }

    /* After a failure, whatever is looked at by then. */
    lookAgain() {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.look(this.view, this.width), FRESH_MS);
    }

    keep(answer, from, to, resolution) {
      this.ahead = Date.parse(answer.now) - Date.now();
      this.loaded = { from, to, resolution };
      for (const id of this.ids) {
        const { spans, gaps, holds, activity, events } = answer.cameras[id] ?? NOTHING;
        this.found.set(id, { spans, gaps, holds, activity, events, from: Date.parse(answer.from), resolution: answer.resolution });
      }
      this.onChange();
    }
  }

  Object.assign(window.Replay, { Footage, askJson, refusalOf, spell });
})();
