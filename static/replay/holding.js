/* Marks a range of the footage and holds it, with a reason, by the API: of one camera, or of those that are ticked. */
"use strict";

window.Replay = window.Replay || {};

(() => {
  const { insert, sayLength, spell } = window.Replay;
  const ANSWER_MS = 15_000;

  class Holding {
    constructor(page, { camera, url, clock, words, timeline, onSaid, onSent }) {
      Object.assign(this, { camera, url, clock, words, timeline, onSaid, onSent });
      this.selection = { from: null, to: null };
      this.said = page.querySelector("[data-range]");
      this.button = page.querySelector("[data-do='hold']");
      this.dialog = page.querySelector("[data-hold]");
      if (!this.dialog) return;
      this.form = page.querySelector("[data-hold-form]");
      this.error = page.querySelector("[data-hold-error]");
      this.sender = this.form.querySelector("[type='submit']");
      this.boxes = [...this.form.querySelectorAll("[data-hold-camera]")];
      this.form.addEventListener("submit", (event) => { event.preventDefault(); this.send(); });
      page.querySelector("[data-hold-cancel]").addEventListener("click", () => this.dialog.close());
    }

    /* Mark an edge; a beginning after the end starts a new range, an end before the beginning turns it round. */
    mark(edge, moment) {
      if (!Number.isFinite(moment)) return;
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
      if (this.button.disabled || !this.dialog || this.sender.disabled) return;
      this.error.textContent = "";
      if (this.sent !== this.selection) for (const box of this.boxes) box.disabled = false;
      this.dialog.querySelector("[data-hold-range]").textContent = this.sayRange();
      this.dialog.showModal();
    }

    /* Send once, however often it is pressed: each request would make a hold. */
    async send() {
      if (this.sender.disabled) return;
      const selection = this.sent = this.selection;
      this.sender.disabled = true;
      this.error.textContent = "";
      const why = this.boxes.length ? await this.postTicked(selection) : await this.post(selection, this.camera);
      this.sender.disabled = false;
      if (why) this.complain(why);
      else this.finish(selection);
      this.onSent();
    }

    /* Hold it of each camera that is ticked; gives why not of some, or nothing. What is held is not asked for again. */
    async postTicked(selection) {
      const ticked = this.boxes.filter((box) => box.checked && !box.disabled), failures = [];
      if (!ticked.length) return this.words.noneChosen;
      for (const box of ticked) {
        const why = await this.post(selection, box.dataset.holdCamera);
        box.disabled = !why;
        if (why) failures.push(`${box.dataset.name}: ${why}`);
      }
      return failures.join("\n");
    }

    /* Ask the server to hold a range of a camera; gives why it does not, or nothing. */
    async post({ from, to }, camera) {
      const fields = new FormData(this.form);
      const body = JSON.stringify({ camera_id: camera, from: spell(from), to: spell(to), reason: fields.get("reason"), case_number: fields.get("case_number") });
      const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": fields.get("csrfmiddlewaretoken") };
      try {
        const answer = await fetch(this.url, { method: "POST", body, headers, signal: AbortSignal.timeout(ANSWER_MS) });
        if (answer.ok) return "";
        const problem = await answer.json().catch(() => ({}));
        return insert(this.words.notHeld, { why: problem.detail ?? problem.title ?? String(answer.status) });
      } catch { return this.words.noAnswer; }
    }

    complain(why) {
      this.error.textContent = why;
      if (!this.dialog.open) this.onSaid(why);
    }

    /* What was marked meanwhile stays. */
    finish(held) {
      const said = insert(this.words.heldNow, { from: this.clock.say(held.from), to: this.clock.say(held.to) });
      this.dialog.close();
      this.form.reset();
      if (this.selection === held) {
        this.selection = { from: null, to: null };
        this.describe();
        this.said.textContent = said;
      }
      this.onSaid(said);
    }
  }

  window.Replay.Holding = Holding;
})();
