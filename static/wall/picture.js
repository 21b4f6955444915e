/* One live picture: asks the media server for it, by WebRTC or else by HLS, shows it, and always says in words why there is none. */
"use strict";

(() => {
  const FIRST_RETRY_MS = 2000;
  const LAST_RETRY_MS = 15000;
  const CODEC_RETRY_MS = 60000;
  const STUCK_MS = { webrtc: 6000, hls: 12000 };
  const WEBRTC_FIRST_PICTURE_MS = 5000;
  const GATHERING_MS = 1000;
  const ANSWER_MS = 8000;
  const HLS_INSTEAD_MS = 5 * 60000;
  const CODEC_ERRORS = ["manifestIncompatibleCodecsError", "bufferAddCodecError", "bufferIncompatibleCodecsError"];
  // Media servers that no WebRTC reached us from: UDP that a firewall swallows would cost every picture its first seconds.
  const unreached = new Map();

  const playsNatively = (video) => video.canPlayType("application/vnd.apple.mpegurl") !== "";
  const originOf = (url) => new URL(url, location.href).origin;

  /* Why WebRTC gave no picture: `kind` is "offline" (no such picture, or not for us: HLS would say the same), "refused" (not this picture) or "unreached". */
  class NoWebrtc extends Error {
    constructor(kind) { super(kind); this.kind = kind; }
  }

  /* A WHEP session: one question with all our candidates in it, one answer; whoever leaves says so. */
  class WhepSession {
    constructor(url, { sound }) {
      this.url = url;
      this.pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
      this.pc.addTransceiver("video", { direction: "recvonly" });
      if (sound) this.pc.addTransceiver("audio", { direction: "recvonly" });
      this.stream = new MediaStream();
      this.pc.addEventListener("track", ({ track, receiver }) => {
        if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = 0;
        this.stream.addTrack(track);
      });
      this.ended = false;
    }

    async open() {
      await this.pc.setLocalDescription(await this.pc.createOffer());
      await this.gather();
      if (this.ended) return;
      const answer = await this.post();
      if (answer.status === 404 || answer.status === 401) throw new NoWebrtc("offline");
      if (answer.status !== 201) throw new NoWebrtc("refused");
      this.session = new URL(answer.headers.get("Location") ?? this.url, this.url).href;
      const sdp = await answer.text();
      if (this.ended) { this.leave(); return; }
      await this.pc.setRemoteDescription({ type: "answer", sdp });
    }

    async post() {
      const options = { method: "POST", headers: { "Content-Type": "application/sdp" }, body: this.pc.localDescription.sdp };
      try {
        return await fetch(this.url, { ...options, cache: "no-store", signal: AbortSignal.timeout(WEBRTC_FIRST_PICTURE_MS) });
      } catch {
        throw new NoWebrtc("unreached");
      }
    }

    gather() {
      return new Promise((resolve) => {
        if (this.pc.iceGatheringState === "complete") { resolve(); return; }
        this.pc.addEventListener("icegatheringstatechange", () => { if (this.pc.iceGatheringState === "complete") resolve(); });
        setTimeout(resolve, GATHERING_MS);
      });
    }

    end() {
      this.ended = true;
      this.pc.close();
      this.leave();
    }

    leave() {
      if (!this.session) return;
      fetch(this.session, { method: "DELETE", keepalive: true }).catch(() => {});  // the media server notices by itself, later
      this.session = null;
    }
  }

  class LivePicture {
    constructor(card, words) {
      this.card = card;
      this.words = words;
      this.video = card.querySelector("video");
      this.headline = card.querySelector("[data-headline]");
      this.transportText = card.querySelector("[data-transport-text]");
      this.video.muted = true;
      this.video.addEventListener("error", () => { if (this.wanted && !this.hls && this.video.src) this.fail(this.words.interrupted); });
      this.video.addEventListener("playing", () => { if (this.wanted) this.show("playing", ""); });
      this.wanted = false;
      this.attempt = 0;
      this.failures = 0;
      this.hlsUntil = 0;
      this.isByHls = false;
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
      // The addresses open for two minutes only: each beginning needs fresh ones.
      const live = await this.askForAddresses();
      if (attempt !== this.attempt) return;
      if (!live) { this.fail(this.words.interrupted); return; }
      if (this.mayTryWebrtc(live.webrtc_url)) {
        try {
          await this.attachWebrtc(live.webrtc_url, attempt);
          return;
        } catch (error) {
          if (attempt !== this.attempt) return;
          this.leaveWebrtc();
          if (error.kind === "offline") { this.fail(this.words.interrupted); return; }
          this.preferHls(live.webrtc_url, error.kind);
        }
      }
      await this.attachHls(live.hls_url, attempt);
    }

    async askForAddresses() {
      try {
        const answer = await fetch(this.card.dataset.live, { cache: "no-store", headers: { Accept: "application/json" }, signal: AbortSignal.timeout(ANSWER_MS) });
        return answer.ok ? await answer.json() : null;
      } catch { return null; }
    }

    mayTryWebrtc(url) {
      if (!url || !("RTCPeerConnection" in window)) return false;
      const now = performance.now();
      return now >= this.hlsUntil && now >= (unreached.get(originOf(url)) ?? 0);
    }

    preferHls(url, kind) {
      this.hlsUntil = performance.now() + HLS_INSTEAD_MS;
      this.origin = originOf(url);
      if (kind === "unreached") unreached.set(this.origin, this.hlsUntil);
    }

    /* HLS does no better: the media server was away, and the next beginning is a fresh one. */
    forgetHls() {
      this.hlsUntil = 0;
      unreached.delete(this.origin);
    }

    /* Gives when a first picture is there; raises NoWebrtc where none comes. */
    async attachWebrtc(url, attempt) {
      const whep = new WhepSession(url, { sound: "sound" in this.card.dataset });
      this.whep = whep;
      await whep.open();
      if (attempt !== this.attempt) { whep.end(); return; }
      this.video.srcObject = whep.stream;
      this.play();
      await this.firstPicture(whep);
      if (attempt !== this.attempt) return;
      unreached.delete(originOf(url));
      whep.pc.addEventListener("connectionstatechange", () => {
        if (this.whep === whep && ["failed", "closed"].includes(whep.pc.connectionState)) this.fail(this.words.interrupted);
      });
      this.watch("webrtc");
    }

    firstPicture(whep) {
      return new Promise((resolve, reject) => {
        // Once it is connected it has its time again: a browser that begins sixteen at once is busy, and key frames may be rare.
        let since = performance.now(), wasConnected = false;
        const looking = setInterval(() => {
          const { connectionState } = whep.pc;
          if (connectionState === "connected" && !wasConnected) { wasConnected = true; since = performance.now(); }
          const late = performance.now() - since > WEBRTC_FIRST_PICTURE_MS;
          const over = late || whep.ended || ["failed", "closed"].includes(connectionState);
          const isThere = this.video.videoWidth > 0;
          if (!over && !isThere) return;
          clearInterval(looking);
          if (isThere) resolve();
          else reject(new NoWebrtc(connectionState === "connected" ? "refused" : "unreached"));
        }, 50);
      });
    }

    async attachHls(source, attempt) {
      this.isByHls = true;
      const hasMediaSource = "MediaSource" in window || "ManagedMediaSource" in window;
      const Hls = hasMediaSource ? await window.loadHls(this.card.dataset.player) : null;
      if (attempt !== this.attempt) return;
      if (Hls && Hls.isSupported()) this.playHls(Hls, source);
      else if (playsNatively(this.video)) this.video.src = source;
      else { this.show("failed", this.words.noScript); return; }
      this.watch("hls");
      this.play();
    }

    playHls(Hls, source) {
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
    watch(transport) {
      this.sayTransport(transport);
      let at = -1, since = performance.now();
      this.watching = setInterval(() => {
        const reached = this.progress(transport);
        if (reached !== at || this.card.dataset.picture === "blocked") {
          at = reached;
          since = performance.now();
          if (this.card.dataset.picture === "playing") this.failures = 0;
        } else if (performance.now() - since > STUCK_MS[transport]) this.fail(this.words.interrupted);
      }, 1000);
    }

    /* The clock of a WebRTC picture may run on without pictures: there their number counts. */
    progress(transport) {
      const { video } = this;
      return transport === "webrtc" && video.getVideoPlaybackQuality ? video.getVideoPlaybackQuality().totalVideoFrames : video.currentTime;
    }

    fail(words, retryMs) {
      if (this.isByHls) this.forgetHls();
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
      this.isByHls = false;
      const hls = this.hls;
      this.hls = null;
      if (hls) hls.destroy();
      this.leaveWebrtc();
      this.sayTransport("");
      this.video.pause();
      this.video.controls = false;
      if (this.video.hasAttribute("src")) { this.video.removeAttribute("src"); this.video.load(); }
    }

    leaveWebrtc() {
      const whep = this.whep;
      this.whep = null;
      if (whep) whep.end();
      if (this.video.srcObject) this.video.srcObject = null;
    }

    /* Say by which way the picture comes: "webrtc" is now, "hls" some seconds ago, "" while there is none. */
    sayTransport(transport) {
      this.card.dataset.transport = transport;
      if (!this.transportText) return;
      this.transportText.textContent = transport === "webrtc" ? "WebRTC" : transport === "hls" ? "HLS" : "";
      this.transportText.title = this.words[transport] ?? "";
    }

    show(picture, words) {
      this.card.dataset.picture = picture;
      if (this.headline.textContent !== words) this.headline.textContent = words;
    }
  }

  window.LivePicture = LivePicture;
})();
