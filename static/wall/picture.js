/* One live picture: asks the media server for it, shows it, and always says in words why there is none. */
"use strict";

(() => {
  const FIRST_RETRY_MS = 2000;
  const LAST_RETRY_MS = 15000;
  const CODEC_RETRY_MS = 60000;
  const STUCK_MS = 12000;
  const CODEC_ERRORS = ["manifestIncompatibleCodecsError", "bufferAddCodecError", "bufferIncompatibleCodecsError"];
  let loading = null;

  // The running MediaMTX serves its own hls.js, so nothing is vendored; a failed load is tried again by the next picture that asks.
  function loadPlayer(url) {
    if (window.Hls) return Promise.resolve(window.Hls);
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = url;
      script.onload = () => (window.Hls ? resolve(window.Hls) : reject(new Error("no Hls in the script")));
      script.onerror = () => { script.remove(); reject(new Error("not loaded")); };
      document.head.append(script);
    }).catch((error) => { loading = null; throw error; });
    return loading;
  }

  const playsNatively = (video) => video.canPlayType("application/vnd.apple.mpegurl") !== "";

  class LivePicture {
    constructor(card, words) {
      this.card = card;
      this.words = words;
      this.video = card.querySelector("video");
      this.headline = card.querySelector("[data-headline]");
      this.video.muted = true;
      this.video.addEventListener("error", () => { if (this.wanted && !this.hls && this.video.src) this.fail(this.words.interrupted); });
      this.video.addEventListener("playing", () => { if (this.wanted) this.show("playing", ""); });
      this.wanted = false;
      this.attempt = 0;
      this.failures = 0;
    }

    /* Want the picture or not; `why` is what to say while it is not wanted. */
    want(wanted, why) {
      if (wanted === this.wanted) {
        if (!wanted) this.show("none", why);
        return;
      }
      this.wanted = wanted;
      this.failures = 0;
      if (wanted) this.start();
      else { this.stop(); this.show("none", why); }
    }

    async start() {
      this.stop();
      const attempt = this.attempt;
      this.show("loading", this.words.loading);
      try {
        await this.attach(attempt);
      } catch {
        if (attempt === this.attempt) this.fail(this.words.noPlayer);
      }
    }

    async attach(attempt) {
      const hasMediaSource = "MediaSource" in window || "ManagedMediaSource" in window;
      const Hls = hasMediaSource ? await loadPlayer(this.card.dataset.player) : null;
      // The address opens for two minutes only: each beginning needs a fresh one.
      const source = await this.askForAddress();
      if (attempt !== this.attempt) return;
      if (!source) { this.fail(this.words.interrupted); return; }
      if (Hls && Hls.isSupported()) this.attachHls(Hls, source);
      else if (playsNatively(this.video)) this.video.src = source;
      else { this.show("failed", this.words.noScript); return; }
      this.watch();
      this.play();
    }

    async askForAddress() {
      try {
        const answer = await fetch(this.card.dataset.live, { cache: "no-store", headers: { Accept: "application/json" } });
        return answer.ok ? (await answer.json()).hls_url : "";
      } catch { return ""; }
    }

    attachHls(Hls, source) {
      const hls = new Hls({ enableWorker: false, backBufferLength: 5, maxBufferLength: 10, liveDurationInfinity: true });
      this.hls = hls;
      let recovered = false;
      hls.on(Hls.Events.ERROR, (_, problem) => {
        if (!problem.fatal || this.hls !== hls) return;
        if (CODEC_ERRORS.includes(problem.details)) this.fail(this.words.codec, CODEC_RETRY_MS);
        else if (problem.type === Hls.ErrorTypes.MEDIA_ERROR && !recovered) { recovered = true; hls.recoverMediaError(); }
        else this.fail(this.words.interrupted);
      });
      hls.loadSource(source);
      hls.attachMedia(this.video);
    }

    play() {
      this.video.play().catch((error) => {
        if (error.name !== "NotAllowedError" || !this.wanted) return;
        this.video.controls = true;
        this.show("blocked", this.words.blocked);
      });
    }

    /* A picture that stands still for long is no live picture: begin anew. */
    watch() {
      let at = -1, since = performance.now();
      this.watching = setInterval(() => {
        if (this.video.currentTime !== at || this.card.dataset.picture === "blocked") {
          at = this.video.currentTime;
          since = performance.now();
          if (this.card.dataset.picture === "playing") this.failures = 0;
        } else if (performance.now() - since > STUCK_MS) this.fail(this.words.interrupted);
      }, 1000);
    }

    fail(words, retryMs) {
      this.stop();
      this.show("failed", words);
      const delay = retryMs ?? Math.min(FIRST_RETRY_MS * 2 ** this.failures, LAST_RETRY_MS);
      this.failures += 1;
      this.retry = setTimeout(() => { if (this.wanted) this.start(); }, delay * (0.75 + Math.random() / 2));
    }

    stop() {
      this.attempt += 1;
      clearTimeout(this.retry);
      clearInterval(this.watching);
      const hls = this.hls;
      this.hls = null;
      if (hls) hls.destroy();
      this.video.pause();
      this.video.controls = false;
      if (this.video.hasAttribute("src")) { this.video.removeAttribute("src"); this.video.load(); }
    }

    show(picture, words) {
      this.card.dataset.picture = picture;
      if (this.headline.textContent !== words) this.headline.textContent = words;
    }
  }

  window.LivePicture = LivePicture;
})();
