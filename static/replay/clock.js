/* The city's clock: every moment is milliseconds since 1970, every word about it is in the city's own time zone. */
"use strict";

window.Replay = window.Replay || {};

(() => {
  const HOUR = 3_600_000, DAY = 24 * HOUR;

  class CityClock {
    constructor(zone, locale) {
      this.zone = zone;
      const make = (options) => new Intl.DateTimeFormat(locale, { timeZone: zone, hourCycle: "h23", ...options });
      this.formats = {
        second: make({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
        minute: make({ hour: "2-digit", minute: "2-digit" }),
        day: make({ weekday: "short", day: "numeric", month: "short" }),
        whole: make({ weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" }),
        month: make({ month: "long", year: "numeric" }),
        weekday: make({ weekday: "short" }),
      };
      this.parts = new Intl.DateTimeFormat("en-US", {
        timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
      });
    }

    say(moment, format = "whole") { return this.formats[format].format(moment); }

    /* Year, month, day, hour, minute and second on the city's clocks. */
    toLocal(moment) {
      const found = {};
      for (const { type, value } of this.parts.formatToParts(moment)) found[type] = Number(value);
      return found;
    }

    offset(moment) {
      const { year, month, day, hour, minute, second } = this.toLocal(moment);
      return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(moment / 1000) * 1000;
    }

    /* The moment at which the city's clocks show this. Where they leap over it, the one by the clock of before (02:30 is
       then shown as 03:30); where they show it twice, the one nearer to `near`, else the first. */
    fromLocal(year, month, day, hour = 0, minute = 0, second = 0, near = NaN) {
      const shown = Date.UTC(year, month - 1, day, hour, minute, second);
      const [before, after] = [shown - this.offset(shown - DAY), shown - this.offset(shown + DAY)];
      const fits = [before, after].filter((moment) => moment + this.offset(moment) === shown);
      if (!fits.length) return before;
      return fits.reduce((one, other) => (Math.abs(other - near) < Math.abs(one - near) ? other : one));
    }

    startOfDay(moment) {
      const { year, month, day } = this.toLocal(moment);
      return this.fromLocal(year, month, day);
    }

    // No day is shorter than 23 or longer than 25 hours, so 36 hours after its start the next one is under way.
    startOfNextDay(moment) { return this.startOfDay(this.startOfDay(moment) + 36 * HOUR); }

    /* What a datetime-local field wants, and back; NaN for what is no moment. */
    toField(moment) {
      const two = (number) => String(number).padStart(2, "0");
      const { year, month, day, hour, minute, second } = this.toLocal(moment);
      return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
    }

    fromField(text, near = NaN) {
      const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?/.exec(text);
      return found ? this.fromLocal(...found.slice(1, 7).map((number) => Number(number ?? 0)), near) : NaN;
    }
  }

  /* A length in its largest two units: 2 h 5 min, 40 s. */
  function sayLength(milliseconds) {
    const seconds = Math.max(0, Math.round(milliseconds / 1000));
    const days = Math.floor(seconds / 86400), hours = Math.floor(seconds / 3600) % 24, minutes = Math.floor(seconds / 60) % 60;
    if (days) return `${days} d ${hours} h`;
    if (hours) return `${hours} h ${minutes} min`;
    return minutes ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
  }

  window.Replay.CityClock = CityClock;
  window.Replay.sayLength = sayLength;
})();
