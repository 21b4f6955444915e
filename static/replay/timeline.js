/* The timeline: drawn on a canvas, moved by pointer, wheel, fingers and keys, and said in words as a slider. */
"use strict";

window.Replay = window.Replay || {};

(() => {
  const { geometry } = window.Replay;
  const { MINUTE, positionOf, momentAt } = geometry;
  const MOVED_PX = 4;
  // The ledger of gaps says what is missing after a minute or two.

  class Timeline {
    constructor(element, { clock, words, causes, rows, footage, onSeek, onHover, onView }) {
      Object.assign(this, { element, clock, words, causes, rows, footage, onSeek, onHover, onView });
      this.canvas = element.querySelector("canvas");
      this.view = geometry.clampView({ from: footage.now() - 60 * MINUTE, to: footage.now() + 5 * MINUTE }, footage.now());
      this.moment = NaN;
      this.selection = { from: null, to: null };
      this.pointers = new Map();
      this.canvas.style.height = `${window.Replay.heightOf(rows.length)}px`;
      new ResizeObserver(() => this.measure()).observe(element);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
      this.listen();
      this.measure();
    }

    measure() {
      this.width = Math.max(80, this.element.clientWidth);
      this.height = window.Replay.heightOf(this.rows.length);
      const ratio = window.devicePixelRatio || 1;
      this.canvas.width = Math.round(this.width * ratio);
      this.canvas.height = Math.round(this.height * ratio);
      this.show(this.view);
    }

    show(view) {
      if (!Number.isFinite(view.to - view.from)) return;  // a view of no moments would never be left again
      this.view = geometry.clampView(view, this.footage.now());
      this.footage.look(this.view, this.width);
      this.onView(this.view);
      this.redraw();
    }

    zoom(factor, at = null) {
      const inside = this.moment >= this.view.from && this.moment <= this.view.to;
      this.show(geometry.zoom(this.view, factor, at ?? (inside ? this.moment : (this.view.from + this.view.to) / 2), this.footage.now()));
    }

    pan(by) {
      this.pannedAt = performance.now();
      this.show(geometry.pan(this.view, by, this.footage.now()));
    }

    /* Put the playhead; the view follows it unless somebody looks elsewhere. */
    place(moment, { follow = true } = {}) {
      this.moment = moment;
      const { from, to } = this.view, length = to - from;
      const looksElsewhere = performance.now() - (this.pannedAt ?? -1e9) < 8000 || this.pointers.size > 0;
      if (follow && Number.isFinite(moment) && !looksElsewhere && (moment < from || moment > to - length * 0.04)) {
        this.show({ from: moment - length * 0.5, to: moment + length * 0.5 });
      }
      this.describe();
      this.redraw();
    }

    select(selection) {
      this.selection = selection;
      this.redraw();
    }

    redraw() {
      if (this.drawing) return;
      this.drawing = requestAnimationFrame(() => { this.drawing = 0; window.Replay.drawTimeline(this); });
    }

    /* What a moment is, in words: footage, or the gap's cause; for the row that is pointed at. */
    say(moment, row = 0) {
      const found = this.footage.of(this.rows[row]?.id);
      if (moment > this.footage.now()) return this.words.future;
      const held = found.holds.some(([start, end]) => start <= moment && moment < end) ? ` · ${this.words.held}` : "";
      if (geometry.spanAt(found.spans, moment)) return this.words.footage + held;
      const gap = geometry.gapAt(found.gaps, moment);
      if (gap) return `${this.words.gap}: ${this.causes[gap[2]] ?? gap[2]}${held}`;
      return this.footage.isYoung(moment) ? this.words.young : this.words.notRecorded;
    }

    describe() {
      if (!Number.isFinite(this.moment)) return;
      const set = (name, value) => { if (this.element.getAttribute(name) !== value) this.element.setAttribute(name, value); };
      set("aria-valuemin", String(Math.round(this.view.from / 1000)));
      set("aria-valuemax", String(Math.round(this.view.to / 1000)));
      set("aria-valuenow", String(Math.round(Math.min(this.view.to, Math.max(this.view.from, this.moment)) / 1000)));
      set("aria-valuetext", `${this.clock.say(this.moment)}, ${this.say(this.moment)}`);
    }

    listen() {
      const { element } = this;
      element.addEventListener("pointerdown", (event) => this.press(event));
      element.addEventListener("pointermove", (event) => this.move(event));
      for (const name of ["pointerup", "pointercancel"]) element.addEventListener(name, (event) => this.release(event));
      element.addEventListener("pointerleave", () => { if (!this.pointers.size) { this.hovered = null; this.onHover(null); this.redraw(); } });
      element.addEventListener("wheel", (event) => this.roll(event), { passive: false });
      element.addEventListener("keydown", (event) => this.type(event));
    }

    at(event) {
      const box = this.canvas.getBoundingClientRect();
      const x = Math.min(box.width, Math.max(0, event.clientX - box.left)), y = event.clientY - box.top;
      return { x, y, moment: momentAt(this.view, this.width, x), row: window.Replay.rowAt(y, this.rows.length), isRuler: y < window.Replay.RULER };
    }

    press(event) {
      if (event.button > 1) return;
      this.element.setPointerCapture(event.pointerId);
      const at = this.at(event);
      this.pointers.set(event.pointerId, at);
      if (this.pointers.size === 1) {
        this.drag = { start: at, view: this.view, pans: at.isRuler || event.button === 1 || event.shiftKey, moved: false };
      } else if (this.pointers.size === 2) {
        const [one, other] = [...this.pointers.values()];
        this.drag = null;
        this.pinch = { view: this.view, one: one.moment, other: other.moment };
      }
    }

    move(event) {
      const at = this.at(event);
      if (this.pointers.has(event.pointerId)) this.pointers.set(event.pointerId, at);
      if (this.pinch && this.pointers.size === 2) { this.spread(); return; }
      this.hovered = at;
      if (this.drag) {
        const by = at.x - this.drag.start.x;
        this.drag.moved ||= Math.abs(by) > MOVED_PX;
        if (this.drag.moved && this.drag.pans) {
          this.pannedAt = performance.now();
          this.show({ from: this.drag.view.from - by / this.width * (this.view.to - this.view.from), to: this.drag.view.to - by / this.width * (this.view.to - this.view.from) });
        } else if (this.drag.moved) this.scrub(at.moment, true);
      }
      this.onHover(at);
      this.redraw();
    }

    /* Two fingers hold two moments where they are. */
    spread() {
      const [one, other] = [...this.pointers.values()];
      if (Math.abs(other.x - one.x) < 8) return;
      const perPixel = (this.pinch.other - this.pinch.one) / (other.x - one.x);
      if (!(perPixel > 0)) return;
      const from = this.pinch.one - one.x * perPixel;
      this.pannedAt = performance.now();
      this.show({ from, to: from + perPixel * this.width });
    }

    release(event) {
      const { drag } = this, at = this.at(event);
      this.pointers.delete(event.pointerId);
      if (this.pinch) { if (!this.pointers.size) this.pinch = null; return; }
      this.drag = null;
      if (drag && event.type === "pointerup" && !(drag.moved && drag.pans)) this.scrub(at.moment, false);
      if (event.pointerType === "touch") { this.hovered = null; this.onHover(null); }
      this.redraw();
    }

    scrub(moment, isMoving) {
      this.onSeek(Math.min(moment, this.footage.now()), { isMoving });
    }

    roll(event) {
      event.preventDefault();
      this.hovered = null;  // what was pointed at is elsewhere now
      this.onHover(null);
      const sideways = event.shiftKey ? event.deltaY : event.deltaX;
      const unit = event.deltaMode === 1 ? 16 : 1;
      if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) this.pan(sideways * unit / this.width * (this.view.to - this.view.from));
      else {
        this.pannedAt = performance.now();
        this.zoom(Math.exp(event.deltaY * unit * 0.0022), this.at(event).moment);
      }
    }

    type(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const length = this.view.to - this.view.from;
      const deeds = {
        "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2),
        PageUp: () => this.pan(-length * 0.5), PageDown: () => this.pan(length * 0.5),
        ArrowUp: () => this.zoom(0.5), ArrowDown: () => this.zoom(2),
      };
      if (event.shiftKey) Object.assign(deeds, { ArrowLeft: () => this.pan(-length * 0.1), ArrowRight: () => this.pan(length * 0.1) });
      const deed = deeds[event.key];
      if (!deed) return;
      event.preventDefault();
      event.stopPropagation();
      deed();
    }
  }

  window.Replay.Timeline = Timeline;
})();
