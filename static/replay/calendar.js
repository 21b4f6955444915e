/* The days that have footage, month by month. */
"use strict";

window.Replay = window.Replay || {};

(() => {
  const { askJson, sayLength } = window.Replay;

  class Calendar {
    constructor(page, { url, clock, words, onDay }) {
      Object.assign(this, { url, clock, words, onDay });
      this.box = page.querySelector("[data-calendar]");
      this.name = page.querySelector("[data-month-name]");
      this.days = page.querySelector("[data-days]");
      this.none = page.querySelector("[data-days-none]");
      this.opener = page.querySelector("[data-do='calendar']");
      for (const button of this.box.querySelectorAll("[data-month]")) button.addEventListener("click", () => this.turn(Number(button.dataset.month)));
      this.box.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); this.close(); } });
    }

    toggle(moment) {
      if (!this.box.hidden) { this.close(); return; }
      const { year, month } = this.clock.toLocal(moment);
      Object.assign(this, { year, month });
      this.box.hidden = false;
      this.opener.setAttribute("aria-expanded", "true");
      this.load().then(() => (this.days.querySelector("button:not([disabled])") ?? this.box.querySelector("button")).focus());
    }

    close() {
      this.box.hidden = true;
      this.opener.setAttribute("aria-expanded", "false");
      this.opener.focus();
    }

    turn(by) {
      const turned = new Date(Date.UTC(this.year, this.month - 1 + by, 1));
      this.year = turned.getUTCFullYear();
      this.month = turned.getUTCMonth() + 1;
      this.load();
    }

    async load() {
      const { year, month } = this;
      const first = this.clock.fromLocal(year, month, 1);
      this.name.textContent = this.clock.say(first, "month");
      let found = [];
      try {
        found = listDays(await askJson(`${this.url}month=${year}-${String(month).padStart(2, "0")}`));
        this.none.textContent = this.words.noDays;
      } catch { this.none.textContent = this.words.failed; }
      if (year !== this.year || month !== this.month) return;
      this.none.hidden = found.length > 0;
      this.fill(first, new Map(found.map((day) => [Number(day.day.slice(8)), day])));
    }

    fill(first, found) {
      const cells = [];
      const monday = (new Date(Date.UTC(this.year, this.month - 1, 1)).getUTCDay() + 6) % 7;
      for (let day = 0; day < 7; day += 1) cells.push(make("span", "weekday", this.clock.say(first + (day - monday) * 86_400_000 + 43_200_000, "weekday")));
      for (let day = 0; day < monday; day += 1) cells.push(make("span", "", ""));
      const length = new Date(Date.UTC(this.year, this.month, 0)).getUTCDate();
      for (let number = 1; number <= length; number += 1) cells.push(this.makeDay(number, found.get(number)));
      this.days.replaceChildren(...cells);
    }

    makeDay(number, day) {
      const button = make("button", "day", String(number));
      button.type = "button";
      button.disabled = !day;
      if (!day) return button;
      const words = this.words.dayOf.replace("{day}", this.clock.say(Date.parse(day.from) + 43_200_000, "day")).replace("{length}", sayLength(day.seconds * 1000));
      button.title = words;
      button.setAttribute("aria-label", words);
      const share = day.seconds * 1000 / (Date.parse(day.to) - Date.parse(day.from));
      button.style.setProperty("--share", `${Math.max(6, Math.round(share * 100))}%`);
      button.addEventListener("click", () => { this.close(); this.onDay({ from: Date.parse(day.from), to: Date.parse(day.to) }); });
      return button;
    }
  }

  /* The days of an answer; of several cameras, each day as the one that has most of it. */
  function listDays({ days, cameras }) {
    if (days) return days;
    const most = new Map();
    for (const day of Object.values(cameras).flatMap((each) => each.days)) {
      if (day.seconds > (most.get(day.day)?.seconds ?? -1)) most.set(day.day, day);
    }
    return [...most.values()];
  }

  function make(tag, name, text) {
    const element = document.createElement(tag);
    element.className = name;
    element.textContent = text;
    return element;
  }

  window.Replay.Calendar = Calendar;
})();
