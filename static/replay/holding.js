/* Marks a range of the footage and holds it, with a reason, by the API. */
"use strict";

window.Replay = window.Replay || {};

(() => {
  const { insert, sayLength, spell } = window.Replay;

  class Holding {
    constructor(page, { camera, url, clock, words, timeline, onHeld }) {
      Object.assign(this, { camera, url, clock, words, timeline, onHeld });
      this.selection = { from: null, to: null };
      this.said = page.querySelector("[data-range]");
      this.button = page.querySelector("[data-do='hold']");
      this.dialog = page.querySelector("[data-hold]");
      if (!this.dialog) return;
      this.form = page.querySelector("[data-hold-form]");
      this.error = page.querySelector("[data-hold-error]");
      this.form.addEventListener("submit", (event) => { event.preventDefault(); this.send(); });
      page.querySelector("[data-hold-cancel]").addEventListener("click", () => this.dialog.close());
    }

    /* Mark an edge; a beginning after the end starts a new range, an end before the beginning turns it round. */
    mark(edge, moment) {
      const { from, to } = this.selection;
      if (edge === "from") this.selection = { from: moment, to: to !== null && to > moment ? to : null };
      else this.selection = from !== null && from < moment ? { from, to: moment } : { from: moment, to: null };
      this.describe();
    }

    describe() {
      const { from, to } = this.selection;
      const whole = from !== null && to !== null;
      this.said.textContent = whole ? this.sayRange() : from === null ? this.words.noRange : insert(this.words.fromHere, { from: this.clock.say(from) });
      this.button.disabled = !whole || this.button.dataset.may !== "1";
      this.timeline.select(this.selection);
    }

    sayRange() {
      const { from, to } = this.selection;
      return insert(this.words.range, { from: this.clock.say(from), to: this.clock.say(to), length: sayLength(to - from) });
    }

    open() {
      if (this.button.disabled || !this.dialog) return;
      this.error.textContent = "";
      this.dialog.querySelector("[data-hold-range]").textContent = this.sayRange();
      this.dialog.showModal();
    }

    async send() {
      const { from, to } = this.selection, fields = new FormData(this.form);
      const body = JSON.stringify({ camera_id: this.camera, from: spell(from), to: spell(to), reason: fields.get("reason"), case_number: fields.get("case_number") });
      let why = this.words.failed;
      try {
        const answer = await fetch(this.url, {
          method: "POST", body, headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": fields.get("csrfmiddlewaretoken") },
        });
        if (answer.ok) { this.finish(); return; }
        const problem = await answer.json().catch(() => ({}));
        why = problem.detail ?? problem.title ?? why;
      } catch { /* the word for a failure stands already */ }
      this.error.textContent = insert(this.words.notHeld, { why });
    }

    finish() {
      const { from, to } = this.selection;
      this.dialog.close();
      this.form.reset();
      this.selection = { from: null, to: null };
      this.describe();
      const words = insert(this.words.heldNow, { from: this.clock.say(from), to: this.clock.say(to) });
      this.said.textContent = words;
      this.onHeld(words);
    }
  }

  window.Replay.Holding = Holding;
})();
