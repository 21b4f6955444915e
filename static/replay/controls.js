/* What both pages of played footage share: words, buttons, keys, speeds, the clock on the screen, short notices. */
"use strict";

window.Replay = window.Replay || {};

(() => {
  const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16];
  const TOAST_MS = 5000;
  const KEYS = {
    " ": "play", k: "play", j: "back", l: "forward", ArrowLeft: "back", ArrowRight: "forward", ",": "frame-back", ".": "frame-forward",
    "<": "slower", ">": "faster", g: "gap-forward", G: "gap-back", a: "activity-forward", A: "activity-back", 0: "live", End: "live",
    t: "jump", d: "calendar", m: "sound", c: "link", f: "full", "?": "help", i: "mark-in", o: "mark-out", h: "hold",
    "+": "zoom-in", "=": "zoom-in", "-": "zoom-out",
  };

  /* Every word of the page's scripts, and the names of the gaps' causes. */
  function readWords(page) {
    const words = {}, causes = {};
    for (const [key, text] of Object.entries(page.querySelector("[data-replay-words]").dataset)) {
      if (key.startsWith("word")) words[key[4].toLowerCase() + key.slice(5)] = text;
      if (key.startsWith("cause")) causes[key.slice(5).toLowerCase()] = text;
    }
    return { words, causes: new Proxy(causes, { get: (all, cause) => all[String(cause).replaceAll("_", "")] ?? String(cause) }) };
  }

  const insert = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

  class Controls {
    /* `deeds` holds what each button and key does, by its name in data-do. */
    constructor(page, clock, words, deeds) {
      Object.assign(this, { page, clock, words });
      this.speed = page.querySelector("[data-speed]");
      this.help = page.querySelector("[data-help]");
      this.toastBox = page.querySelector("[data-toast]");
      this.field = page.querySelector("#moment");
      this.deeds = {
        help: () => this.help.showModal(),
        full: () => this.fillScreen(),
        slower: () => this.changeSpeed(-1),
        faster: () => this.changeSpeed(1),
        jump: () => this.field.focus(),
        ...deeds,
      };
      for (const button of page.querySelectorAll("[data-do]")) button.addEventListener("click", () => this.deeds[button.dataset.do]?.());
      this.listenToSpeed();
      this.listenToJump(page.querySelector("[data-jump]"));
      for (const button of page.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => this.deeds.show(Number(button.dataset.zoom) * 1000));
      document.addEventListener("keydown", (event) => this.type(event));
    }

    /* Whoever chooses by hand has the arrows for the footage again; whoever chooses by keys goes on choosing. */
    listenToSpeed() {
      let isByHand = false;
      this.speed.addEventListener("pointerdown", () => { isByHand = true; });
      this.speed.addEventListener("keydown", () => { isByHand = false; });
      this.speed.addEventListener("change", () => {
        this.deeds.speed(this.rate);
        if (isByHand) this.speed.blur();
      });
    }

    /* What is typed stays until it is used or given up: the way to the button leaves the field. */
    listenToJump(form) {
      this.field.addEventListener("input", () => { this.isTyped = true; });
      form.addEventListener("keydown", (event) => { if (event.key === "Escape") this.forgetTyped(); });
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        const moment = this.clock.fromField(this.field.value, this.moment);
        this.forgetTyped();
        if (Number.isFinite(moment)) this.deeds.seek(moment);
      });
    }

    forgetTyped() {
      this.isTyped = false;
      this.field.blur();
    }

    type(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || document.querySelector("dialog[open]")) return;
      const { target } = event;
      if (target.matches("input, select, textarea")) return;
      if (event.key === " " && target.matches("button, a, summary")) return;
      if (event.shiftKey && event.key.startsWith("Arrow")) return;
      const deed = this.deeds[KEYS[event.key]];
      if (!deed) return;
      event.preventDefault();
      deed();
    }

    get rate() { return Number(this.speed.value); }

    changeSpeed(by) {
      const index = Math.min(SPEEDS.length - 1, Math.max(0, SPEEDS.indexOf(this.rate) + by));
      this.speed.value = String(SPEEDS[index]);
      this.deeds.speed(SPEEDS[index]);
      this.toast(`${SPEEDS[index]}×`);
    }

    fillScreen() {
      const stage = this.page.querySelector("[data-stage]");
      if (document.fullscreenElement) document.exitFullscreen();
      else stage.requestFullscreen?.().catch(() => {});  // a browser may refuse; the page is then as large as before
    }

    /* The button's name says what it will do; pressed beside that would say the contrary. */
    showPlaying(isPlaying) {
      if (this.isPlaying === isPlaying) return;
      this.isPlaying = isPlaying;
      const button = this.page.querySelector("[data-do='play']");
      button.querySelector("span").textContent = isPlaying ? this.words.pause : this.words.play;
      const use = button.querySelector("use");
      use.setAttribute("href", use.getAttribute("href").replace(/#.*/, isPlaying ? "#pause" : "#play"));
    }

    showLive(isLive) {
      this.page.querySelector("[data-do='live']").setAttribute("aria-pressed", String(isLive));
    }

    /* The clock of what is on the screen; the field to jump from follows unless somebody types there, or has. */
    showMoment(moment, badge) {
      this.moment = moment;
      const clock = this.page.querySelector("[data-clock]");
      const text = Number.isFinite(moment) ? this.clock.say(moment) : "";
      if (clock.textContent !== text) {
        clock.textContent = text;
        clock.dateTime = Number.isFinite(moment) ? new Date(moment).toISOString() : "";
      }
      const shown = this.page.querySelector("[data-badge]");
      if (shown.textContent !== badge) shown.textContent = badge;
      if (Number.isFinite(moment) && !this.isTyped && document.activeElement !== this.field) this.field.value = this.clock.toField(moment);
    }

    toast(text) {
      clearTimeout(this.fading);
      this.toastBox.textContent = text;
      this.toastBox.dataset.shown = "1";
      this.fading = setTimeout(() => delete this.toastBox.dataset.shown, TOAST_MS);
    }

    /* Put the moment into the address bar and, where the browser allows it, into the clipboard. */
    async link(moment) {
      if (!Number.isFinite(moment)) return;
      const address = new URL(location.href);
      address.searchParams.set("at", new Date(moment).toISOString());
      history.replaceState(null, "", address);
      const told = { moment: this.clock.say(moment) };
      try {
        await navigator.clipboard.writeText(address.href);
        this.toast(insert(this.words.copied, told));
      } catch { this.toast(insert(this.words.copyByHand, told)); }
    }
  }

  function readAsked() {
    const at = Date.parse(new URLSearchParams(location.search).get("at") ?? "");
    return Number.isFinite(at) ? at : null;
  }

  Object.assign(window.Replay, { Controls, readWords, insert, readAsked });
})();
