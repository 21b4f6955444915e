/* Several cameras on one clock: the clock runs by itself, and every picture keeps to it. */
"use strict";

(() => {
  const { CityClock, Footage, FootagePlayer, Timeline, Previews, Calendar, Controls, Holding, geometry, readWords, insert, readAsked, sayLength } = window.Replay;
  const TICK_MS = 150, SEEK_MS = 1000, CLOSE_MS = 60, PATIENCE_MS = 4000, AHEAD_MS = 4000, NONE_MS = 60_000, BEHIND_PRESENT_MS = 12_000, BEGIN_MS = 60_000;

  /* The clock that all follow; it stands while a picture is waited for. */
  class MasterClock {
    constructor(moment) { this.set(moment); this.rate = 1; this.runs = false; }
    set(moment) { this.at = moment; this.since = performance.now(); }
    get moment() { return this.runs ? this.at + (performance.now() - this.since) * this.rate : this.at; }
    change({ runs = this.runs, rate = this.rate }) { this.set(this.moment); Object.assign(this, { runs, rate }); }
  }

  /* What is known of several cameras; those that an answer leaves out are not there any more. */
  class CommonFootage extends Footage {
    removed = new Set();

    keep(answer, ...asked) {
      this.removed = new Set(this.ids.filter((id) => !(id in answer.cameras)));
      super.keep(answer, ...asked);
    }
  }

  class Tile {
    constructor(element, { words, causes, clock, hlsUrl, now, isYoung, onNone }) {
      Object.assign(this, { element, words, causes, clock, isYoung, onNone, id: element.dataset.tile });
      this.box = element.querySelector("[data-past-words]");
      this.headline = element.querySelector("[data-past-headline]");
      this.why = element.querySelector("[data-past-why]");
      this.listener = element.querySelector("[data-listen]");
      this.trouble = "";
      this.state = "idle";
      this.none = null;  // from when to when the server has no footage, whatever the timeline says
      this.player = new FootagePlayer(element.querySelector("[data-past]"), {
        address: `/api/v1/cameras/${this.id}/replay.m3u8`, hlsUrl, now, label: element.dataset.name, on: (kind, detail) => this.hear(kind, detail),
      });
    }

    hear(kind, detail = {}) {
      const { words } = this;
      if (kind === "ready") this.trouble = "";
      else if (kind === "codec") this.trouble = detail.tries ? words.converting : words.codec;
      else if (kind === "missing") this.trouble = words.missing;
      else if (kind === "failed") this.trouble = { 401: words.signedOut, 403: words.forbidden, 429: words.throttled }[detail.status] ?? words.failed;
      else if (kind === "none") this.noteNone(detail);
    }

    /* The timeline is not fresh: the footage was taken away meanwhile. Not asked for again before its moments are over. */
    noteNone({ next }) {
      const { asked } = this.player;
      this.state = "idle";
      this.none = { from: asked, to: next > asked ? next : asked + NONE_MS };
      this.onNone();
    }

    isNone(moment) { return this.none !== null && moment >= this.none.from && moment < this.none.to; }

    sound(isOn) {
      const use = this.listener.querySelector("use");
      this.player.setMuted(!isOn);
      this.listener.setAttribute("aria-pressed", String(isOn));
      use.setAttribute("href", use.getAttribute("href").replace(/#.*/, isOn ? "#sound" : "#mute"));
    }

    say(headline, why = "") {
      this.box.hidden = !headline;
      if (this.headline.textContent !== headline) this.headline.textContent = headline;
      if (this.why.textContent !== why) this.why.textContent = why;
    }

    seek(moment) {
      this.trouble = "";
      this.player.seek(moment);
    }

    /* Keep to the clock: show the moment, or say why there is nothing to show. */
    follow(moment, found, { runs, rate, isKnown }) {
      const span = geometry.spanAt(found.spans, moment);
      if (isKnown && (!span || this.isNone(moment))) { this.rest(moment, found); return; }
      if (this.player.shows(moment)) this.trouble = "";
      this.say(this.trouble, "");
      if (this.state !== "shows") { this.state = "shows"; this.seek(moment); }
      this.nudge(moment, runs, rate);
    }

    rest(moment, found) {
      const next = geometry.nextSpan(found.spans, moment);
      this.player.pause();
      this.say(this.words.noFootage, geometry.spanAt(found.spans, moment) ? "" : this.describeGap(moment, found));
      this.player.video?.classList.add("away");
      const isNear = next && next[0] - moment < AHEAD_MS && !this.isNone(next[0]);
      if (!isNear) this.state = "idle";
      else if (this.state !== "ready") { this.state = "ready"; this.seek(next[0]); }
    }

    /* The camera was removed, or is hidden from who looks; its picture goes, and comes back if it does. */
    leave() {
      if (this.state !== "removed") { this.state = "removed"; this.player.rest(); }
      this.say(this.words.removed);
    }

    nudge(moment, runs, rate) {
      const { player } = this;
      player.video?.classList.remove("away");
      if (player.opening) return;
      if (player.isTrying && !player.shows(moment)) { player.asked = moment; return; }
      if (!player.reel) { if (!this.trouble) player.seek(moment); return; }
      const late = moment - player.moment;
      // A file's last moments may be missing on the way to a gap: whoever has run ahead over it waits.
      if (Math.abs(late) > SEEK_MS * Math.max(1, rate / 4)) {
        if (performance.now() - (this.sought ?? 0) < 900) return;
        this.sought = performance.now();
        player.seek(moment);
      }
      if (!runs) { player.pause(); if (Math.abs(late) > 2 * CLOSE_MS && !player.video.seeking) player.seek(moment); return; }
      if (!player.wantsPlay) player.play();
      const correction = Math.abs(late) < CLOSE_MS ? 1 : Math.min(1.5, Math.max(0.5, 1 + late / 1000 / Math.max(1, rate)));
      player.setRate(Math.min(16, Math.max(0.1, Math.round(rate * correction * 50) / 50)));
    }

    get waits() { return this.state === "shows" && !this.trouble && (this.player.isLoading || this.player.video?.seeking === true); }

    describeGap(moment, { gaps }) {
      const gap = geometry.gapAt(gaps, moment);
      if (!gap) return this.isYoung(moment) ? this.words.young : this.words.notRecorded;
      const told = { from: this.clock.say(gap[0]), to: gap[1] ? this.clock.say(gap[1], "second") : "", cause: this.causes[gap[2]] };
      return insert(gap[1] ? this.words.goesOn : this.words.goesOnOpen, told);
    }
  }

  class TogetherPage {
    constructor(page) {
      this.page = page;
      const { words, causes } = readWords(page);
      const clock = new CityClock(page.dataset.zone, document.documentElement.lang);
      Object.assign(this, { words, causes, clock });
      const shared = { words, causes, clock, hlsUrl: page.dataset.player, now: () => this.footage.now(), isYoung: (moment) => this.footage.isYoung(moment), onNone: () => this.footage.ask() };
      this.tiles = [...page.querySelectorAll("[data-tile]")].map((element) => new Tile(element, shared));
      const ids = this.tiles.map((tile) => tile.id);
      this.plays = true;
      this.footage = new CommonFootage(page.dataset.timelineUrl, ids, { onChange: () => this.hearFootage(), onTrouble: (error) => this.showTrouble(error) });
      this.master = new MasterClock(this.findBeginning());
      this.previews = new Previews(page, "");
      this.timeline = new Timeline(page.querySelector("[data-timeline]"), {
        clock, words, causes, footage: this.footage, rows: this.tiles.map((tile) => ({ id: tile.id, name: tile.element.dataset.name })),
        onSeek: (moment, how) => this.scrub(moment, how), onHover: (at) => this.peek(at), onView: () => {},
      });
      this.centre(this.master.moment);
      this.controls = new Controls(page, clock, words, this.listDeeds());
      this.holding = new Holding(page, {
        url: page.dataset.holdsUrl, clock, words, timeline: this.timeline,
        onSaid: (said) => this.controls.toast(said), onSent: () => this.footage.ask(),
      });
      for (const tile of this.tiles) tile.listener.addEventListener("click", () => this.listenTo(tile));
      this.calendar = new Calendar(page, { url: `/api/v1/days?camera_ids=${ids.join(",")}&`, clock, words, onDay: (day) => this.showDay(day) });
      this.keepMoment();
      setInterval(() => this.tick(), TICK_MS);
    }

    listDeeds() {
      const by = (milliseconds) => () => this.seek(this.master.moment + milliseconds);
      const step = (direction) => () => { this.plays = false; this.seek(this.master.moment + direction * 1000 * (this.tiles[0]?.player.frame ?? 0.04)); };
      return {
        play: () => { this.plays = !this.plays; this.tick(); },
        back: by(-10_000), forward: by(10_000), "frame-back": step(-1), "frame-forward": step(1),
        "gap-back": () => this.goToGap(-1), "gap-forward": () => this.goToGap(1),
        "activity-back": () => this.goToActivity(-1), "activity-forward": () => this.goToActivity(1),
        live: () => { this.plays = true; this.seek(this.footage.now() - BEHIND_PRESENT_MS); },
        speed: (rate) => this.master.change({ rate }),
        seek: (moment) => { this.seek(moment); this.centre(moment); },
        show: (length) => this.timeline.show({ from: this.master.moment - length / 2, to: this.master.moment + length / 2 }),
        calendar: () => this.calendar.toggle(this.master.moment),
        link: () => this.controls.link(this.master.moment),
        sound: () => this.listenTo(this.heard ?? this.tiles[0]),
        "mark-in": () => this.holding.mark("from", this.master.moment),
        "mark-out": () => this.holding.mark("to", this.master.moment),
        hold: () => this.holding.open(),
        "zoom-in": () => this.timeline.zoom(0.5), "zoom-out": () => this.timeline.zoom(2),
      };
    }

    /* The moment to begin at; what a link asks for may lie in the future, by a clock that was wrong. */
    findBeginning() { return Math.min(readAsked() ?? this.footage.now() - BEGIN_MS, this.footage.now() - BEHIND_PRESENT_MS); }

    /* The first answer brings the server's clock: the beginning was found by this machine's, which may be wrong. */
    hearFootage() {
      this.timeline.redraw();
      if (this.hasBegun) return;
      const moment = this.findBeginning();
      if (Math.abs(moment - this.master.moment) > 1000) { this.seek(moment); this.centre(moment); }
      this.hasBegun = true;
    }

    get spans() { return geometry.mergeSpans(this.tiles.map((tile) => this.footage.of(tile.id).spans)); }

    scrub(moment, { isMoving }) {
      this.timeline.place(moment, { follow: false });
      this.wanted = moment;
      if (!isMoving) { clearTimeout(this.settling); this.settling = 0; this.seek(moment); }
      else if (!this.settling) this.settling = setTimeout(() => { this.settling = 0; this.seek(this.wanted); }, 180);
    }

    async showDay(day) {
      this.day = day;
      this.timeline.show(day);
      await this.footage.ask();
      // Whoever went elsewhere meanwhile stays there.
      if (this.day === day) this.seek(geometry.firstWithin(this.spans, day.from, day.to) ?? day.from);
    }

    seek(moment) {
      this.controls.forgetTyped();
      this.day = null;
      this.hasBegun = true;
      this.waitedSince = null;
      this.master.set(Math.min(moment, this.footage.now()));
      for (const tile of this.tiles) if (tile.state === "shows") { tile.sought = 0; tile.seek(this.master.moment); }
      this.tick();
    }

    centre(moment) {
      const length = this.timeline.view.to - this.timeline.view.from;
      this.timeline.show({ from: moment - length / 2, to: moment + length / 2 });
    }

    goToGap(direction) {
      const { moment } = this.master;
      const gaps = this.tiles.flatMap((tile) => this.footage.of(tile.id).gaps).toSorted((one, other) => one[0] - other[0]);
      const gap = direction > 0 ? geometry.nextGap(gaps, moment) : geometry.previousGap(gaps, moment - 500);
      if (gap) this.seek(gap[0] + 1);
      else this.controls.toast(this.words.noGap);
    }

    goToActivity(direction) {
      const found = this.tiles.map((tile) => geometry.findActivity(this.footage.of(tile.id), this.master.moment, direction)).filter((at) => at !== null);
      if (found.length) this.seek(direction > 0 ? Math.min(...found) : Math.max(...found));
      else this.controls.toast(this.words.noActivity);
    }

    tick() {
      const { master, footage } = this;
      const { loaded } = footage;
      const isKnown = Boolean(loaded) && master.moment >= loaded.from && master.moment <= loaded.to + 10_000;
      if (isKnown && this.plays) this.skipGap();
      this.pace(isKnown);
      const how = { runs: master.runs, rate: master.rate, isKnown };
      for (const tile of this.tiles) {
        if (footage.removed.has(tile.id)) tile.leave();
        else if (isKnown) tile.follow(master.moment, footage.of(tile.id), how);
      }
      this.controls.showPlaying(this.plays);
      this.controls.showMoment(master.moment, this.plays && !master.runs ? this.words.wait : this.plays ? `▶ ${master.rate}×` : "❚❚");
      if (!this.settling) this.timeline.place(master.moment, { follow: this.plays && !this.day });
    }

    /* The clock waits for pictures, but not for long: one camera must not stop all. Where none can be shown it stands. */
    pace(isKnown) {
      const { master } = this, wanted = this.tiles.filter((tile) => tile.state === "shows");
      const waits = !isKnown || this.tiles.some((tile) => tile.waits);
      this.waitedSince = waits ? this.waitedSince ?? performance.now() : null;
      const isPatient = waits && performance.now() - this.waitedSince < PATIENCE_MS;
      const isPresent = master.moment >= this.footage.now() - 1000;
      const isStuck = wanted.length > 0 && wanted.every((tile) => tile.trouble);
      const runs = this.plays && !isPatient && !isPresent && !isStuck;
      if (runs !== master.runs) master.change({ runs });
    }

    /* Where no camera has footage the clock leaps to where one has. */
    skipGap() {
      const { moment } = this.master, { spans } = this;
      if (geometry.spanAt(spans, moment)) return;
      const next = geometry.nextSpan(spans, moment);
      if (!next || next[0] - moment < 3000) return;
      const gap = this.tiles.map((tile) => geometry.gapAt(this.footage.of(tile.id).gaps, moment)).find(Boolean);
      this.controls.toast(insert(this.words.skipped, { length: sayLength(next[0] - moment), cause: this.footage.explain(gap, moment, this) }));
      this.master.set(next[0]);
    }

    peek(at) {
      if (!at) { this.previews.hide(); return; }
      const tile = this.tiles[at.row];
      const has = Boolean(geometry.spanAt(this.footage.of(tile.id).spans, at.moment));
      this.previews.turnTo(`/api/v1/cameras/${tile.id}`);
      this.previews.show(at.x, this.timeline.width, { moment: at.moment, time: this.clock.say(at.moment), words: `${tile.element.dataset.name}: ${this.timeline.say(at.moment, at.row)}`, has });
    }

    /* Hear one camera, or none where it was heard already: several at once nobody understands. */
    listenTo(heard) {
      const isOn = heard.player.muted;
      this.heard = heard;
      for (const tile of this.tiles) tile.sound(isOn && tile === heard);
      this.controls.toast(isOn ? this.words.soundOn : this.words.soundOff);
    }

    /* Links that change the cameras, and those to one camera, keep the moment. */
    keepMoment() {
      const at = () => new Date(this.master.moment).toISOString();
      for (const link of this.page.querySelectorAll("a[data-keeps-moment], a[data-camera-link]")) {
        link.addEventListener("click", () => { const address = new URL(link.href); address.searchParams.set("at", at()); link.href = address.href; });
      }
      this.page.querySelector("form[data-keeps-moment]")?.addEventListener("submit", (event) => { event.target.elements.at.value = at(); });
    }

    showTrouble(error) {
      const notice = this.page.querySelector("[data-connection]"), isRemoved = error?.status === 404;
      if (isRemoved) this.footage.removed = new Set(this.footage.ids);  // none of them is there any more
      notice.hidden = !error || isRemoved;
      if (error) notice.textContent = { 401: this.words.signedOut, 403: this.words.forbidden }[error.status] ?? this.words.lost;
    }
  }

  const page = document.querySelector("[data-replay]");
  if (page.querySelector("[data-tile]")) page.player = new TogetherPage(page);
})();
