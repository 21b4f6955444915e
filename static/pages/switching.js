/* A camera's recording switch: switches without a reload, and lets what went wrong be read before the next state comes. */
"use strict";

window.RecordingSwitch = class {
  static ANSWER_MS = 8000;
  static READ_MS = 10000;

  /* `holder` has the switch, where there is one, and its words; `switched` is called with what the server says then. */
  constructor(holder, words, switched) {
    this.text = holder.querySelector("[data-recording-text]");
    this.button = holder.querySelector(".switch");
    this.words = words;
    this.switched = switched;
    this.readUntil = 0;
    this.button?.form.addEventListener("submit", (event) => { event.preventDefault(); this.turn(); });
  }

  get isBusy() { return this.button?.getAttribute("aria-busy") === "true"; }

  /* Take over a fresh state. */
  show(fresh) {
    if (performance.now() >= this.readUntil) this.write(fresh.recording_text);
    if (!this.button || this.isBusy) return;
    this.button.setAttribute("aria-checked", String(fresh.recording));
    this.button.value = fresh.recording ? "0" : "1";
  }

  async turn() {
    if (this.isBusy) return;
    this.button.setAttribute("aria-busy", "true");
    let fresh = null, trouble = this.words.refused;
    try {
      const answer = await this.send();
      if (answer.ok) fresh = await answer.json();
      else trouble = await this.explain(answer);
    } catch { /* no answer is a refusal, too */ }
    this.button.removeAttribute("aria-busy");
    if (fresh) this.readUntil = 0;
    else this.complain(trouble);
    this.switched(fresh);
  }

  send() {
    const body = new FormData(this.button.form);
    body.delete("csrfmiddlewaretoken");  // Django would look at it alone
    body.set("on", this.button.value);
    const headers = { Accept: "application/json", "X-CSRFToken": window.readToken() };
    return fetch(this.button.form.action, { method: "POST", body, headers, signal: AbortSignal.timeout(window.RecordingSwitch.ANSWER_MS) });
  }

  async explain(answer) {
    if (answer.status === 409) return (await answer.json()).detail;
    return { 401: this.words.signedOut, 403: this.words.forbidden }[answer.status] ?? this.words.refused;
  }

  complain(text) {
    this.readUntil = performance.now() + window.RecordingSwitch.READ_MS;
    this.write(text);
  }

  write(text) {
    if (this.text.textContent !== text) this.text.textContent = text;
  }
};
