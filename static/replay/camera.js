/* The page of a camera: live and played back in one place, with one timeline. */
"use strict";

(() => {
  const { CityClock, Footage, FootagePlayer, Timeline, Previews, Calendar, Controls, Holding, geometry, readWords, insert, readAsked, sayLength, askJson } = window.Replay;
  const TICK_MS = 200, STATE_MS = 5000, GAP_SHOWN_MS = 2500, PRESENT_MS = 4000, PRESENT_AGE_MS = 10_000, GROWING_MS = 60_000, GAPS_LISTED = 40;

  class CameraPage {
    constructor(page) {
      this.page = page;
      this.id = page.dataset.camera;
      this.find = (name) => page.querySelector(`[data-${name}]`);
      const { words, causes } = readWords(page);
      Object.assign(this, { words, causes, clock: new CityClock(page.dataset.zone, document.documentElement.lang) });
      this.isLive = null;  // neither yet
      this.inGap = null;  // the moment in a gap that somebody looks at
      this.last = { moment: NaN, at: 0 };
      this.makeParts();
      this.ticking = setInterval(() => this.tick(), TICK_MS);
      setInterval(() => this.askState(), STATE_MS);
      document.addEventListener("visibilitychange", () => this.wantLive());
      const asked = this.asked = readAsked();
      if (asked === null) { this.goLive(); return; }
      this.centre(asked);
      this.footage.first.then(() => { if (this.isLive === null) this.seek(asked, { plays: true }); });
    }

    makeParts() {
      const { page, words, causes, clock, id } = this;
      let known;
      const first = new Promise((resolve) => { known = resolve; });
      this.footage = new Footage(page.dataset.timelineUrl, [id], {
        onChange: () => { known(); this.showFootage(); }, onTrouble: (error) => { if (error) known(); this.showTrouble(error); },
      });
      this.footage.first = first;
      this.player = new FootagePlayer(this.find("past"), {
        address: `${page.dataset.api}/replay.m3u8`, hlsUrl: page.dataset.player, now: () => this.footage.now(), label: page.dataset.name, on: (kind, detail) => this.hear(kind, detail),
      });
      this.previews = new Previews(page, page.dataset.api);
      this.timeline = new Timeline(this.find("timeline"), {
        clock, words, causes, rows: [{ id, name: page.dataset.name }], footage: this.footage,
        onSeek: (moment, how) => this.scrub(moment, how), onHover: (at) => this.peek(at), onView: () => this.listGapsSoon(),
      });
      this.controls = new Controls(page, clock, words, this.listDeeds());
      this.calendar = new Calendar(page, { url: `${page.dataset.api}/days?`, clock, words, onDay: (day) => this.showDay(day) });
      this.holding = new Holding(page, {
        camera: id, url: page.dataset.holdsUrl, clock, words, timeline: this.timeline,
        onSaid: (said) => this.controls.toast(said), onSent: () => this.footage.ask(),
      });
      this.card = this.find("live-card");
      this.live = new window.LivePicture(this.card, words);
      this.find("together").addEventListener("click", (event) => {
        const link = event.currentTarget, address = new URL(link.href);
        if (!this.isLive) address.searchParams.set("at", new Date(this.moment).toISOString());
        link.href = address.href;
      });
    }

    listDeeds() {
      return {
        play: () => this.toggle(),
        back: () => this.seek(this.moment - 10_000),
        forward: () => { if (!this.isLive) this.seek(this.moment + 10_000); },
        "frame-back": () => this.step(-1),
        "frame-forward": () => this.step(1),
        "gap-back": () => this.goToGap(-1),
        "gap-forward": () => this.goToGap(1),
        "activity-back": () => this.goToActivity(-1),
        "activity-forward": () => this.goToActivity(1),
        live: () => this.goLive(),
        speed: (rate) => { this.player.setRate(rate); this.slow = null; },
        seek: (moment) => this.seek(moment, { centres: true }),
        show: (length) => this.timeline.show({ from: this.moment - length * (this.isLive ? 0.9 : 0.5), to: this.moment + length * (this.isLive ? 0.1 : 0.5) }),
        calendar: () => this.calendar.toggle(this.moment),
        sound: () => this.toggleSound(),
        link: () => this.controls.link(this.moment),
        "mark-in": () => this.holding.mark("from", this.moment),
        "mark-out": () => this.holding.mark("to", this.moment),
        hold: () => this.holding.open(),
        "zoom-in": () => this.timeline.zoom(0.5),
        "zoom-out": () => this.timeline.zoom(2),
      };
    }

    /* What is looked at; until the player was sent anywhere, what the page was opened for. */
    get moment() {
      if (this.isLive) return this.footage.now();
      const moment = this.inGap ?? this.player.moment;
      return Number.isFinite(moment) ? moment : this.asked;
    }

    get found() { return this.footage.of(this.id); }

    goLive() {
      this.controls.forgetTyped();
      this.isLive = true;
      this.leavePast();
      this.find("past").hidden = true;
      this.card.hidden = false;
      this.wantLive();
      const { from, to } = this.timeline.view, now = this.footage.now();
      if (now < from || now > to) this.timeline.show({ from: now - (to - from) * 0.92, to: now + (to - from) * 0.08 });
    }

    /* Nothing of the past goes on behind the live picture: it would be fetched, heard, and noted as viewed. */
    leavePast() {
      this.stayInGap();
      clearTimeout(this.settling);
      this.settling = 0;
      this.scrubbed = this.day = this.inGap = null;
      this.player.rest();
      delete this.page.dataset.loading;
    }

    wantLive() {
      const playable = this.card.dataset.playable === "1";
      this.live.want(this.isLive && playable && !document.hidden, playable ? "" : this.find("state-text").textContent);
    }

    leaveLive() {
      if (this.isLive === false) return;
      this.isLive = false;
      this.live.want(false, "");
      this.card.hidden = true;
      this.find("past").hidden = false;
    }

    scrub(moment, { isMoving }) {
      if (!isMoving) { this.seek(moment); return; }
      // While the hand moves, only as many pictures are asked for as can be shown.
      this.scrubbed = moment;
      this.timeline.place(moment, { follow: false });
      if (!this.settling) this.settling = setTimeout(() => { this.settling = 0; if (this.scrubbed !== null) this.seek(this.scrubbed); }, 120);
    }

    /* It plays, or would but for the gap that is told of. */
    get wantsPlay() { return this.player.wantsPlay || Boolean(this.leavingGap) || Boolean(this.isHeldUp); }

    seek(moment, { plays = this.isLive || this.wantsPlay, centres = false } = {}) {
      this.scrubbed = this.day = null;
      if (this.isLive !== null) this.controls.forgetTyped();  // the page's own first seek leaves alone what is being typed
      const now = this.footage.now();
      if (moment > now - PRESENT_MS && this.card.dataset.playable === "1") { this.goLive(); return; }
      this.leaveLive();
      this.last = { moment: NaN, at: 0 };
      this.inGap = null;
      this.stayInGap();
      this.player.setRate(this.controls.rate);
      if (centres) this.centre(moment);
      const target = this.settle(Math.min(moment, now));
      if (target === null) { this.player.pause(); return; }
      this.player.wantsPlay = plays && this.inGap === null;
      this.player.seek(target);
      if (this.player.wantsPlay) this.player.play(); else this.player.video?.pause();
      if (this.inGap !== null && plays) this.leaveGapSoon();
      this.tick();
    }

    centre(moment) {
      const length = this.timeline.view.to - this.timeline.view.from;
      this.timeline.show({ from: moment - length / 2, to: moment + length / 2 });
    }

    /* Give the moment to play from; in a gap that is the next footage, and the gap is told of meanwhile. */
    settle(moment) {
      const { spans, gaps } = this.found;
      if (!this.knows(moment) || geometry.spanAt(spans, moment)) { this.say(""); return moment; }
      const last = spans.at(-1);
      if (last && last[1] <= moment && this.footage.now() - last[1] < GROWING_MS && !geometry.gapAt(gaps, moment)) { this.say(""); return last[1] - 1500; }
      this.inGap = moment;
      this.goesOn = true;
      this.sayGap();
      return geometry.nextSpan(spans, moment)?.[0] ?? moment;
    }

    /* Say whether the timeline tells of a moment already; its end grows every few seconds. */
    knows(moment) {
      const { loaded } = this.footage;
      return Boolean(loaded) && moment >= loaded.from && moment <= loaded.to + PRESENT_AGE_MS;
    }

    describeGap(moment) {
      const gap = geometry.gapAt(this.found.gaps, moment);
      if (!gap) return this.knows(moment) ? this.timeline.say(moment) : "";
      const told = { from: this.clock.say(gap[0]), to: gap[1] ? this.clock.say(gap[1]) : "", cause: this.causes[gap[2]] };
      return insert(gap[1] ? this.words.goesOn : this.words.goesOnOpen, told);
    }

    /* The gap's words stand for a moment before it plays on. */
    leaveGapSoon() {
      this.stayInGap();
      this.leavingGap = setTimeout(() => this.leaveGap(), GAP_SHOWN_MS);
    }

    stayInGap() {
      clearTimeout(this.leavingGap);
      this.leavingGap = 0;
      this.isHeldUp = false;
    }

    leaveGap() {
      this.stayInGap();
      this.inGap = null;
      this.say("");
      if (!this.player.reel && !this.player.opening) this.player.seek(this.player.asked);  // there may be footage by now
      this.player.play();
    }

    toggle() {
      if (this.isLive) { this.seek(this.footage.now() - PRESENT_MS - 1000, { plays: false }); return; }
      if (this.inGap !== null) this.leaveGap();
      else if (this.player.wantsPlay) this.player.pause();
      else this.player.play();
      this.tick();
    }

    step(frames) {
      if (this.isLive) this.seek(this.footage.now() - PRESENT_MS - 1000, { plays: false });
      else { this.stayInGap(); this.inGap = null; this.say(""); this.player.step(frames); }
    }

    goToGap(direction) {
      const { gaps } = this.found, { moment } = this;
      const gap = direction > 0 ? geometry.nextGap(gaps, moment) : geometry.previousGap(gaps, moment - 500);
      if (gap) this.seek(gap[0] + 1, { plays: false });
      else this.controls.toast(this.words.noGap);
    }

    goToActivity(direction) {
      const at = geometry.findActivity(this.found, this.moment, direction);
      if (at === null) this.controls.toast(this.words.noActivity);
      else this.seek(at);
    }

    async showDay(day) {
      this.day = day;
      this.timeline.show(day);
      await this.footage.ask();
      // Whoever went elsewhere meanwhile stays there.
      if (this.day === day) this.seek(geometry.firstWithin(this.found.spans, day.from, day.to) ?? day.from);
    }

    toggleSound() {
      this.player.setMuted(!this.player.muted);
      const { muted } = this.player, button = this.page.querySelector("[data-do='sound']"), use = button.querySelector("use");
      this.live.video.muted = muted;
      button.setAttribute("aria-pressed", String(!muted));
      use.setAttribute("href", use.getAttribute("href").replace(/#.*/, muted ? "#mute" : "#sound"));
      this.controls.toast(muted ? this.words.soundOff : this.words.soundOn);
    }

    hear(kind, detail = {}) {
      const { words } = this;
      if (kind === "loading") { this.page.dataset.loading = "1"; return; }
      delete this.page.dataset.loading;
      if (kind === "ready") { if (this.inGap === null) this.say(""); }
      else if (kind === "none") this.hearNone(detail);
      else if (kind === "codec") this.say(detail.tries ? words.converting : words.codec);
      else if (kind === "missing") this.say(words.missing);
      else if (kind === "blocked") this.controls.toast(words.blocked);
      else if (kind === "failed") this.say({ 401: words.signedOut, 403: words.forbidden, 429: words.throttled }[detail.status] ?? words.failed);
    }

    /* The server knows of no footage from there on for a while; where it goes on we follow. */
    hearNone({ next }) {
      if (this.isRemoved) { this.say(this.words.removed); return; }
      const { player, wantsPlay } = this;
      this.inGap ??= this.placeOfNone();
      player.pause();
      this.stayInGap();
      this.last = { moment: NaN, at: 0 };
      this.goesOn = next !== null;
      this.sayGap();
      if (!next) { this.isHeldUp = wantsPlay; return; }
      player.seek(next);
      if (wantsPlay) this.leaveGapSoon();
    }

    /* Where there is none: what plays had ended there, or it was asked for. */
    placeOfNone() {
      const { reel, asked } = this.player;
      return reel && Number.isFinite(reel.moment) ? reel.moment + reel.left * 1000 + 1 : asked;
    }

    sayGap() { this.say(this.words.noFootage, this.goesOn ? this.describeGap(this.inGap) : this.words.noneAfter); }

    say(headline, why = "") {
      const box = this.find("past-words");
      box.hidden = !headline;
      this.find("past-headline").textContent = headline;
      this.find("past-why").textContent = why;
    }

    tick() {
      const { moment } = this, { words } = this;
      const isPlaying = this.isLive || this.player.wantsPlay;
      this.controls.showPlaying(isPlaying);
      this.controls.showLive(this.isLive);
      const mark = this.isLive ? words.live : this.player.isLoading && this.inGap === null ? "…" : this.player.wantsPlay ? `▶ ${this.player.rate}×` : "❚❚";
      this.controls.showMoment(moment, mark);
      this.page.dataset.mode = this.isLive ? "live" : "past";
      if (this.scrubbed === null || this.scrubbed === undefined) this.timeline.place(moment, { follow: isPlaying && !this.day });
      if (!this.isLive && this.player.wantsPlay) this.watchJump(moment);
    }

    /* The video's own time runs on over a gap; the recording's clock leaps, and that is told. */
    watchJump(moment) {
      const at = performance.now(), { last } = this;
      const passed = (at - last.at) * this.player.rate;
      if (Number.isFinite(last.moment) && moment - last.moment > passed * 1.5 + 3000 && !geometry.spanAt(this.found.spans.filter(([, end]) => end > moment - 500), last.moment)) {
        const gap = this.found.gaps.find(([start, end]) => start < moment && (end ?? moment) > last.moment);
        this.controls.toast(insert(this.words.skipped, { length: sayLength(geometry.lengthWithout(this.found.spans, last.moment, moment)), cause: this.footage.explain(gap, last.moment, this) }));
      }
      this.last = { moment, at };
      this.watchSpeed(moment, at);
    }

    watchSpeed(moment, at) {
      const { rate } = this.player;
      if (rate <= 2 || this.player.isLoading) { this.slow = null; return; }
      this.slow ??= { moment, at };
      if (at - this.slow.at < 4000) return;
      const reached = (moment - this.slow.moment) / (at - this.slow.at);
      if (reached > 0.3 && reached < rate * 0.7) this.controls.toast(insert(this.words.slower, { rate: Math.max(1, Math.round(reached)) }));
      this.slow = { moment, at };
    }

    peek(at) {
      if (!at) { this.previews.hide(); return; }
      const has = Boolean(geometry.spanAt(this.found.spans, at.moment));
      this.previews.show(at.x, this.timeline.width, { moment: at.moment, time: this.clock.say(at.moment), words: this.timeline.say(at.moment), has });
    }

    showFootage() {
      if (this.inGap !== null && this.find("past-headline").textContent === this.words.noFootage) this.sayGap();
      this.timeline.redraw();
      this.listGapsSoon();
    }

    listGapsSoon() {
      clearTimeout(this.listing);
      this.listing = setTimeout(() => this.listGaps(), 400);
    }

    listGaps() {
      const { from, to } = this.timeline.view;
      const gaps = this.found.gaps.filter(([start, end]) => start < to && (end ?? Infinity) > from).slice(-GAPS_LISTED).toReversed();
      const key = JSON.stringify(gaps);
      if (key === this.listed) return;
      this.listed = key;
      this.find("gaps").replaceChildren(...(gaps.length ? gaps.map((gap) => this.makeGap(gap)) : [makeItem(this.words.noGaps, "muted")]));
    }

    makeGap([start, end, cause]) {
      const button = document.createElement("button");
      button.type = "button";
      const until = end ? `${this.clock.say(end, "second")} (${sayLength(end - start)})` : this.words.lasts;
      button.textContent = `${this.clock.say(start)} – ${until}: ${this.causes[cause]}`;
      button.addEventListener("click", () => this.seek(start + 1, { plays: false, centres: true }));
      const item = document.createElement("li");
      item.append(button);
      return item;
    }

    showTrouble(error) {
      const { words } = this, notice = this.find("connection");
      const status = this.isRemoved ? 404 : error?.status;
      const said = error || this.isRemoved ? { 401: words.signedOut, 403: words.forbidden, 404: words.removed }[status] ?? words.lost : "";
      notice.hidden = !said;
      if (notice.textContent !== said) notice.textContent = said;  // told again it would be read out again
    }

    async askState() {
      if (document.hidden) return;
      let fresh = null;
      try { fresh = await askJson(`${this.page.dataset.statesUrl}?ids=${this.id}`); } catch { return; }  // the timeline tells of a lost connection
      // Another tab chose another city: this page's address does not mean this camera any more.
      if (fresh.city !== this.page.dataset.city) { location.reload(); return; }
      const state = fresh.cameras[this.id];
      if (!state) this.showRemoved();
      else if (this.isRemoved) location.reload();  // it is back
      else this.showState(state);
    }

    showState(state) {
      this.find("state").dataset.state = state.state;
      this.find("state-text").textContent = state.state_text;
      this.find("why").textContent = this.find("problem").textContent = state.problem;
      this.find("problem").hidden = !state.problem;
      this.find("recording-text").textContent = state.recording_text;
      this.card.dataset.playable = state.playable ? "1" : "0";
      this.wantLive();
    }

    /* Taken out of the city, or out of what one may see: no picture goes on, and nothing is said of it any more. */
    showRemoved() {
      if (this.isRemoved) return;
      const { words } = this;
      this.showState({ state: "removed", state_text: words.gone, problem: words.removed, recording_text: "", playable: false });
      this.find("problem").hidden = true;  // said above already
      this.isRemoved = true;
      this.showTrouble(null);
      if (this.isLive) return;
      this.leavePast();
      this.say(words.removed);
    }
  }

  function makeItem(text, name) {
    const item = document.createElement("li");
    item.className = name;
    item.textContent = text;
    return item;
  }

  const page = document.querySelector("[data-replay]");
  page.player = new CameraPage(page);
})();
