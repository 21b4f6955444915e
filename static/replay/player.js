/* Plays the footage of one camera by the clock of its recording: seeking is to a moment, whatever files lie there. */
"use strict";

window.Replay = window.Replay || {};

(() => {
  const { spell, refusalOf } = window.Replay;
  const BEFORE_MS = 90_000;
  // How far a playlist reaches ahead, and how long its addresses are used: they are good for about ten minutes.
  const limits = { ahead: 3_600_000, age: 7 * 60_000 };
  const SUCCESSOR_LEAD_S = 15, LEAP_MS = 500, TICK_MS = 400;
  // Footage whose last piece is older than this does not grow any more; files meet within the slack.
  const GROWING_MS = 60_000, SLACK_MS = 500, END_S = 1;
  // Pieces last as long as the playlist says, give or take so much; else they end in a silence.
  const SILENCE_S = 1, STILL_TICKS = 3;
  const READY_MS = 12_000, ANSWER_MS = 15_000, RETRY_MS = 3000, MOST_RETRY_MS = 15_000;
  const CODEC_ERRORS = ["manifestIncompatibleCodecsError", "bufferAddCodecError", "bufferIncompatibleCodecsError"];

  /* Where each piece of a playlist lies: `start` in seconds of the video, `at` on the recording's clock. */
  function readPieces(text) {
    const pieces = [];
    let start = 0, at = NaN, duration = 0;
    for (const line of text.split("\n")) {
      if (line.startsWith("#EXTINF:")) duration = parseFloat(line.slice(8));
      else if (line.startsWith("#EXT-X-PROGRAM-DATE-TIME:")) at = Date.parse(line.slice(25).trim());
      else if (line && !line.startsWith("#")) {
        pieces.push({ start, at, duration });
        start += duration;
        at += duration * 1000;
      }
    }
    return pieces;
  }

  /* Seconds of the video that show a moment; in a gap, the first picture after it; beyond all, the last. */
  function toVideoTime(pieces, moment) {
    const piece = pieces.find(({ at, duration }) => moment < at + duration * 1000);
    if (piece) return piece.start + Math.max(0, (moment - piece.at) / 1000);
    const last = pieces.at(-1);
    return last ? Math.max(last.start, last.start + last.duration - 0.2) : 0;
  }

  const endOf = ({ at, duration }) => at + duration * 1000;

  function toMoment(pieces, time) {
    const piece = pieces.findLast(({ start }) => start <= time + 0.001) ?? pieces[0];
    return piece ? piece.at + Math.min(piece.duration + 0.5, Math.max(0, time - piece.start)) * 1000 : NaN;
  }

  // hls.js takes pieces whose address changed for others, and every answer brings fresh tokens: it sees them as queries.
  function quietTokens(text) {
    let place = "";
    return text.split("\n").map((line) => {
      if (line.startsWith("#EXT-X-BYTERANGE:")) place = line.slice(line.indexOf("@") + 1);
      if (line.startsWith("#EXT-X-MAP:")) return line.replace(/\/footage\/([^/"]+)\/([^/"]+)"/, '/footage/init/$2?token=$1"');
      return line.replace(/^\/footage\/([^/]+)\/([^/]+)$/, `/footage/at${place}/$2?token=$1`);
    }).join("\n");
  }

  const speakToken = (url) => url.replace(/\/footage\/[^/]+\/([^/?]+)\?token=(.+)$/, "/footage/$2/$1");

  /* What a data: URL holds, without asking the browser for it: the page may fetch from its own server only. */
  const decodeInside = (url) => Uint8Array.from(atob(url.slice(url.indexOf(",") + 1)), (letter) => letter.charCodeAt(0)).buffer;

  /* Loads for hls.js: the first playlist and the head of the file that is shown first are in hand already, and tokens
     stand elsewhere for it than for the server. */
  function makeLoader(Hls, playlist, text) {
    let isGiven = false;
    return class extends Hls.DefaultConfig.loader {
      load(context, config, callbacks) {
        if (context.url.startsWith("data:")) { this.give(context, decodeInside(context.url), callbacks.onSuccess); return; }
        if (!context.url.includes(playlist)) { super.load(Object.assign(context, { url: speakToken(context.url) }), config, callbacks); return; }
        const hear = (answer, ...more) => callbacks.onSuccess({ ...answer, data: quietTokens(answer.data) }, ...more);
        if (isGiven) { super.load(context, config, { ...callbacks, onSuccess: hear }); return; }
        isGiven = true;
        this.give(context, text, hear);
      }

      give(context, data, hear) {
        const moment = performance.now(), size = data.byteLength ?? data.length;
        Object.assign(this.stats, { loading: { start: moment, first: moment, end: moment }, loaded: size, total: size });
        setTimeout(() => hear({ url: context.url, data, code: 200 }, this.stats, context, null));
      }
    };
  }

  /* Where a moment lies before the first key frame of its piece, hls.js goes back, piece by piece. Version 1.7.0 does not
     where a piece has no key frame at all, which it does not tell from one that begins with it; and when it has gone back
     it hears that nothing is left of the piece that it left, takes that for a piece without media, and skips it. */
  const makeController = (Hls) => class extends Hls.DefaultConfig.streamController {
    _handleTransmuxComplete(result) {
      const { remuxResult } = result, { video, audio } = remuxResult;
      if (this.state === "IDLE" && !video && !audio) return;
      if (video && remuxResult.independent && video.firstKeyFrame === undefined) remuxResult.independent = false;
      super._handleTransmuxComplete(result);
    }
  };

  /* What a 404 says of where footage goes on. */
  const readNone = ({ problem }) => ({ next: problem?.next ? Date.parse(problem.next) : null, words: problem?.detail });

  /* One stretch of footage in one video element. */
  class Reel {
    constructor(Hls, { box, label, now }, moment, slack = 0) {
      Object.assign(this, { Hls, now, wanted: moment, slack });
      this.video = document.createElement("video");
      Object.assign(this.video, { muted: true, playsInline: true, disablePictureInPicture: true });
      this.video.setAttribute("aria-label", label);
      this.video.hidden = true;
      box.prepend(this.video);
    }

    /* Fetch the playlist and begin; resolves once the picture of the moment is there. Throws the server's problem: a
       404 also where there is footage before the moment alone. */
    async open(address, onFailure) {
      this.opened = performance.now();
      let text = await this.ask(address, this.wanted - BEFORE_MS);
      const end = this.findEnd(text);
      if (end && !this.gone) text = await this.ask(address, Math.max(this.wanted, end + 1));
      if (this.gone) return;
      if (end && this.findEnd(text)) throw Object.assign(new Error("nothing follows"), { status: 404 });
      this.first = readPieces(text);
      await this.attach(text, onFailure);
    }

    async ask(address, from) {
      const end = this.wanted + limits.ahead;
      this.reachesNow = end >= this.now();
      // By its own word each playback keeps the numbers that it was told, and another is told everything anew.
      const rest = this.reachesNow ? `&playback=${Math.random().toString(36).slice(2)}` : `&to=${spell(end)}`;
      this.url = `${address}${address.includes("?") ? "&" : "?"}from=${spell(from)}&at=${spell(this.wanted)}${rest}`;
      const answer = await fetch(this.url, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
      if (!answer.ok) throw refusalOf(answer, await answer.json().catch(() => null));
      return answer.text();
    }

    /* Where footage ends that is over before the moment and does not grow any more; null where there is something to play. */
    findEnd(text) {
      const last = readPieces(text).at(-1), end = last && endOf(last);
      return end <= this.wanted + this.slack && end < this.now() - GROWING_MS ? end : null;
    }

    attach(text, onFailure) {
      const { Hls, url } = this;
      const hls = new Hls({
        enableWorker: false, loader: makeLoader(Hls, url, text), streamController: makeController(Hls),
        startPosition: toVideoTime(this.first, this.wanted), startFragPrefetch: true,
        backBufferLength: 60, maxBufferLength: 20, maxMaxBufferLength: 120, liveDurationInfinity: true, nudgeMaxRetry: 8,
      });
      this.hls = hls;
      return new Promise((resolve, reject) => {
        let recovered = 0;
        const late = setTimeout(() => reject(Object.assign(new Error("late"), { status: 0 })), READY_MS);
        const isThere = () => {
          if (!this.hasPicture) return;
          if (this.correct()) return;
          clearTimeout(late);
          resolve();
        };
        for (const name of ["canplay", "loadeddata", "seeked", "timeupdate"]) this.video.addEventListener(name, isThere);
        hls.on(Hls.Events.ERROR, (_, problem) => {
          if (!problem.fatal || this.gone) return;
          const isCodec = CODEC_ERRORS.includes(problem.details);
          if (!isCodec && problem.type === Hls.ErrorTypes.MEDIA_ERROR && recovered < 2) { recovered += 1; hls.recoverMediaError(); return; }
          clearTimeout(late);
          const failure = Object.assign(new Error(problem.details), { status: problem.response?.code ?? 0, isCodec });
          reject(failure);
          onFailure(this, failure);
        });
        hls.loadSource(url);
        hls.attachMedia(this.video);
      });
    }

    /* Say whether it had to move: the first file's own clock may have moved the pieces a little from where the
       playlist put them. */
    correct() {
      if (this.corrected) return false;
      this.corrected = true;
      const time = toVideoTime(this.pieces, this.wanted), isOff = Math.abs(time - this.video.currentTime) > 0.15;
      if (isOff) this.video.currentTime = time;
      return isOff;
    }

    get pieces() {
      const details = this.hls?.latestLevelDetails ?? this.hls?.levels?.[0]?.details;
      if (!details) return this.first ?? [];
      return details.fragments.map(({ start, duration, tagList, programDateTime }) => {
        const told = Number(tagList.find(([name]) => name === "INF")?.[1] ?? duration);
        return { start, duration: duration > told + SILENCE_S ? told : duration, at: programDateTime };
      });
    }

    get moment() { return toMoment(this.pieces, this.video.currentTime); }
    get left() { const last = this.pieces.at(-1); return last ? last.start + last.duration - this.video.currentTime : 0; }
    get isOld() { return !this.reachesNow && performance.now() - this.opened > limits.age; }

    covers(moment) {
      if (this.isDead) return false;
      const first = this.pieces[0], last = this.pieces.at(-1);
      return Boolean(first) && moment >= first.at && moment < endOf(last) && (this.reachesNow || performance.now() - this.opened < limits.age * 1.2);
    }

    get hasPicture() { return this.video.readyState >= 2 && !this.video.seeking; }

    seek(moment) { this.video.currentTime = toVideoTime(this.pieces, moment); }

    /* In a file the last picture before a silence lasts as long as the silence. So the browser has enough to play, gets
       no more, and has no next picture to show: it stands still there. */
    leapSilence() {
      const { pieces, video } = this, time = video.currentTime;
      this.still = time === this.stood && video.readyState < 3 && !video.seeking ? this.still + 1 : 0;
      this.stood = time;
      const number = pieces.findLastIndex(({ start }) => start <= time + 0.001), piece = pieces[number], next = pieces[number + 1];
      const end = piece ? piece.start + piece.duration : 0;
      if (next && next.start - end > SILENCE_S && (time >= end - 0.1 || this.still >= STILL_TICKS)) video.currentTime = next.start;
    }

    destroy() {
      this.gone = true;
      this.hls?.destroy();
      this.video.pause();
      this.video.remove();
    }
  }

  /* The player of one camera. `on(kind, detail)` hears: loading, ready, none, codec, missing, failed, blocked. `now()` is
     the server's clock, where it is known. */
  class FootagePlayer {
    constructor(box, { address, hlsUrl, label, on, now = Date.now }) {
      Object.assign(this, { box, address, hlsUrl, label, on, now });
      this.rate = 1;
      this.wantsPlay = false;
      this.muted = true;
      this.asked = NaN;
      this.frame = 1 / 25;
      this.attempt = 0;
      this.refusals = 0;
      this.ticking = setInterval(() => this.tick(), TICK_MS);
    }

    get video() { return this.reel?.video ?? null; }
    get isLoading() { return Boolean(this.opening) || (this.video?.readyState ?? 0) < 3; }

    /* The moment on the screen, or the one asked for while it is being fetched. */
    get moment() {
      if (this.opening || !this.reel) return this.asked;
      const moment = this.reel.moment;
      return Number.isFinite(moment) ? moment : this.asked;
    }

    /* Whether it is known that the picture does not come now; it is tried again, for the moment asked for by then. */
    get isTrying() { return Boolean(this.retry); }

    /* Whether the picture on the screen may be that of a moment. */
    shows(moment) { return !this.opening && Boolean(this.reel?.hasPicture && this.reel.covers(moment)); }

    seek(moment) {
      this.asked = moment;
      this.dropSuccessor();
      this.ending = null;
      this.forgetRetry();
      if (!this.opening && this.reel?.covers(moment)) { this.reel.seek(moment); return; }
      this.open(moment);
    }

    async open(moment) {
      const attempt = (this.attempt += 1);
      this.asked = moment;
      this.forgetRetry();
      this.opening?.destroy();
      this.opening = null;
      this.on("loading");
      let Hls;
      try { Hls = await window.loadHls(this.hlsUrl); } catch { this.on("missing"); return; }
      if (attempt !== this.attempt) return;
      if (!Hls.isSupported()) { this.on("missing"); return; }
      const reel = this.opening = new Reel(Hls, this, moment);
      try {
        await reel.open(this.address, (...failure) => this.fail(...failure));
        if (attempt === this.attempt) this.show(reel);
      } catch (error) {
        if (attempt !== this.attempt) return;
        this.opening = null;
        reel.destroy();
        this.refuse(error, moment);
      }
    }

    refuse(error, moment) {
      if (error.isCodec && !this.address.includes("as=h264")) {
        this.address += `${this.address.includes("?") ? "&" : "?"}as=h264`;
        this.on("codec", { tries: true });
        this.open(moment);
      } else if (error.isCodec || (this.address.includes("as=h264") && [400, 406, 415, 501].includes(error.status))) this.on("codec", { tries: false });
      else if (error.status === 404) { this.hide(); this.on("none", readNone(error)); }
      else {
        this.on("failed", { status: error.status });
        this.tryLater(this.countRefusal());
      }
    }

    /* How long to wait before what was refused is asked for again, in ms: longer each time, until a picture comes. */
    countRefusal() { return Math.min(MOST_RETRY_MS, RETRY_MS * 2 ** this.refusals++); }

    tryLater(wait) {
      this.forgetRetry();
      this.retry = setTimeout(() => this.open(this.asked), wait);
    }

    forgetRetry() {
      clearTimeout(this.retry);
      this.retry = null;
    }

    /* A reel that played breaks off: its addresses aged, or a file was deleted. A fresh playlist knows more; this reel
       shows no moment any more, however much of its playlist is known. */
    fail(reel, error) {
      reel.isDead = true;
      if (reel !== this.reel || this.opening || this.retry) return;
      if (error.isCodec) { this.refuse(error, reel.moment || this.asked); return; }
      const moment = Number.isFinite(reel.moment) ? reel.moment : this.asked;
      this.asked = moment;
      this.tryLater(300);
    }

    show(reel) {
      const before = this.reel;
      this.reel = reel;
      this.opening = null;
      this.ending = null;
      this.refusals = 0;
      Object.assign(reel.video, { hidden: false, muted: this.muted, playbackRate: this.rate });
      before?.destroy();
      this.measureFrames(reel.video);
      this.on("ready");
      if (this.wantsPlay) this.play();
    }

    hide() {
      this.reel?.destroy();
      this.reel = null;
    }

    play() {
      this.wantsPlay = true;
      this.ending = null;
      this.video?.play().catch((error) => {
        if (error.name === "NotAllowedError") { this.wantsPlay = false; this.on("blocked"); }
      });
    }

    pause() {
      this.wantsPlay = false;
      this.video?.pause();
    }

    setRate(rate) {
      this.rate = rate;
      if (this.video && this.video.playbackRate !== rate) this.video.playbackRate = rate;
    }

    setMuted(muted) {
      this.muted = muted;
      if (this.video) this.video.muted = muted;
    }

    step(frames) {
      this.pause();
      if (this.video) this.video.currentTime = Math.max(0, this.video.currentTime + frames * this.frame);
    }

    /* How long one picture stands, learnt from the pictures that are shown. */
    measureFrames(video) {
      let last = NaN;
      const note = (_, { mediaTime }) => {
        const apart = mediaTime - last;
        if (apart > 0.008 && apart < 1.1 && video.playbackRate <= 1) this.frame += (apart - this.frame) * 0.3;
        last = mediaTime;
        if (video.isConnected) video.requestVideoFrameCallback(note);
      };
      if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(note);
    }

    tick() {
      const { reel } = this;
      if (!reel || reel.isDead || this.opening || this.retry || !this.wantsPlay) return;
      reel.leapSilence();
      if (reel.reachesNow) return;
      if (this.successor) this.changeOver();
      else if (this.ending && performance.now() < this.ending.until) this.tellEnd();
      else if (reel.isOld || reel.left / this.rate < SUCCESSOR_LEAD_S) this.prepareSuccessor(this.findSuccession());
    }

    /* Where the next reel begins: soon, or where this one ends. */
    findSuccession() {
      const { reel } = this, lead = Math.min(reel.left, 4 * this.rate);
      return lead < reel.left - 0.5 ? reel.moment + lead * 1000 : endOf(reel.pieces.at(-1)) + 1;
    }

    /* Fetch what comes next beside what plays, so that the change is not seen; over a gap, what comes after it. */
    async prepareSuccessor(moment) {
      const reel = this.successor = new Reel(this.reel.Hls, this, moment, SLACK_MS);
      const hear = (error) => { if (this.successor === reel) this.refuseSuccessor(error, moment); };
      try {
        await reel.open(this.address, (_, error) => hear(error));
        reel.isThere = true;
      } catch (error) { hear(error); }
    }

    refuseSuccessor(error, moment) {
      this.dropSuccessor();
      const { next } = readNone(error);
      if (next > moment) { this.prepareSuccessor(next); return; }
      this.ending = { error, moment, until: error.status === 404 ? Infinity : performance.now() + this.countRefusal() };
    }

    /* What was refused is told once nothing is left to play. */
    tellEnd() {
      const { ending } = this, { error, moment } = ending;
      if (ending.isTold || this.reel.left > END_S) return;
      ending.isTold = true;
      if (error.isCodec) this.refuse(error, moment);
      else if (error.status !== 404) this.on("failed", { status: error.status });
      else {
        this.asked = moment;
        this.on("none", readNone(error));
        this.pause();
      }
    }

    /* Change once both show the same moment. A successor that was passed by meanwhile goes ahead again, out of sight:
       shown while it seeks, it would have no picture. */
    changeOver() {
      const { reel, successor } = this;
      clearTimeout(this.changing);
      if (!reel || !successor?.isThere || !successor.hasPicture) return;
      const ahead = successor.wanted - reel.moment, isOver = reel.left <= 0.3;
      if (isOver || (ahead <= 100 && ahead > -400) || ahead < -60_000) {
        this.successor = null;
        this.show(successor);
      } else if (ahead > 0) {
        if (ahead < TICK_MS * this.rate) this.changing = setTimeout(() => this.tick(), ahead / this.rate);
      } else {
        successor.wanted = reel.moment + LEAP_MS * this.rate;
        successor.seek(successor.wanted);
      }
    }

    dropSuccessor() {
      clearTimeout(this.changing);
      this.successor?.destroy();
      this.successor = null;
    }

    destroy() {
      clearInterval(this.ticking);
      this.forgetRetry();
      this.attempt += 1;
      this.opening?.destroy();
      this.dropSuccessor();
      this.hide();
    }

    /* Nobody looks for a while: fetch nothing, not even a playlist that grows; the next seek begins anew. */
    rest() {
      this.pause();
      this.forgetRetry();
      this.attempt += 1;
      this.opening?.destroy();
      this.opening = null;
      this.dropSuccessor();
      this.hide();
    }
  }

  Object.assign(window.Replay, { FootagePlayer, limits, readPieces, toVideoTime, toMoment });
})();
