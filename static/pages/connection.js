/* What a page that asks again and again says of its connection: nothing while answers come, since when none has, or why none will. */
"use strict";

window.Connection = class {
  /* `words` are the page's: `lost` with a {moment}, `signedOut`, `over`; `zone` is the city's. */
  constructor(element, words, zone) {
    this.element = element;
    this.words = words;
    this.zone = zone;
    this.failures = 0;
    this.since = null;
  }

  answered() {
    this.failures = 0;
    this.since = null;
    this.element.hidden = true;
  }

  /* One answer that did not come may be an accident: the second is told. */
  failed() {
    this.failures += 1;
    this.since ??= new Date();
    if (this.failures < 2) return;
    const moment = this.since.toLocaleTimeString(document.documentElement.lang, { hour12: false, timeZone: this.zone });
    this.say(this.words.lost.replace("{moment}", moment));
  }

  /* Gives whether this answer says that none of the next will be another. */
  isOver(status) {
    if (status !== 401 && status !== 403) return false;
    this.say(status === 401 ? this.words.signedOut : this.words.over);
    return true;
  }

  say(text) {
    if (this.element.textContent !== text) this.element.textContent = text;
    this.element.hidden = false;
  }
};
