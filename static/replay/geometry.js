/* What the timeline computes and nothing else: views, ticks, what lies at a moment and what comes next. */
"use strict";

window.Replay = window.Replay || {};

(() => {
  const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
  const SHORTEST = 10 * SECOND, LONGEST = 32 * DAY;
  const STEPS = [
    ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND), ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
    ...[1, 2, 3, 6, 12].map((count) => count * HOUR), ...[1, 2, 7].map((count) => count * DAY),
  ];
  const RESOLUTIONS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600];

  const positionOf = (view, width, moment) => (moment - view.from) / (view.to - view.from) * width;
  const momentAt = (view, width, x) => view.from + x / width * (view.to - view.from);

  /* Keep a view between ten seconds and a month, and let it show no more than a tenth of the future. */
  function clampView({ from, to }, now) {
    const length = Math.min(LONGEST, Math.max(SHORTEST, to - from));
    const middle = (from + to) / 2;
    const last = now + length / 10;
    const end = Math.min(last, middle + length / 2);
    return { from: end - length, to: end };
  }

  /* Make the view `factor` times as long, keeping `at` where it is. */
  function zoom({ from, to }, factor, at, now) {
    const length = Math.min(LONGEST, Math.max(SHORTEST, (to - from) * factor));
    const share = (at - from) / (to - from);
    return clampView({ from: at - share * length, to: at + (1 - share) * length }, now);
  }

  const pan = ({ from, to }, by, now) => clampView({ from: from + by, to: to + by }, now);

  const chooseStep = (view, width, apart) => STEPS.find((step) => step / (view.to - view.from) * width >= apart) ?? STEPS.at(-1);

  const chooseResolution = (view, width) => RESOLUTIONS.find((seconds) => seconds >= (view.to - view.from) / 1000 / Math.max(1, width) * 3) ?? RESOLUTIONS.at(-1);

  /* The moments to label, and the borders of the city's days, which may have 23 or 25 hours. */
  function listTicks(view, step, clock) {
    const ticks = [];
    let day = clock.startOfDay(view.from);
    for (let count = 0; day < view.to; count += 1) {
      const next = clock.startOfNextDay(day);
      ticks.push({ at: day, isDay: true, isLabelled: step < 2 * DAY || clock.toLocal(day).day % (step / DAY) === 1 });
      if (step < DAY) ticks.push(...listWithin(day, next, view, step, clock));
      day = next;
    }
    return ticks.filter(({ at }) => at >= view.from && at <= view.to);
  }

  function listWithin(day, next, view, step, clock) {
    const ticks = [];
    if (step >= HOUR) {  // hours stand where the city's clocks show them, whatever the day's length
      const { year, month, day: number } = clock.toLocal(day);
      for (let hour = step / HOUR; hour < 24; hour += step / HOUR) {
        const at = clock.fromLocal(year, month, number, hour);
        if (at > (ticks.at(-1)?.at ?? day) && at < next) ticks.push({ at, isDay: false, isLabelled: true });
      }
      return ticks;
    }
    const first = day + Math.max(1, Math.ceil((view.from - day) / step)) * step;
    for (let at = first; at < Math.min(next, view.to); at += step) ticks.push({ at, isDay: false, isLabelled: true });
    return ticks;
  }

  const spanAt = (spans, moment) => spans.find(([start, end]) => start <= moment && moment < end) ?? null;
  const nextSpan = (spans, moment) => spans.find(([start]) => start > moment) ?? null;

  /* Where the footage between two moments begins; null where there is none. */
  function firstWithin(spans, from, to) {
    const first = spanAt(spans, from) ? from : nextSpan(spans, from)?.[0] ?? to;
    return first < to ? first : null;
  }

  const gapAt = (gaps, moment) => gaps.find(([start, end]) => start <= moment && (end === null || moment < end)) ?? null;
  const nextGap = (gaps, moment) => gaps.find(([start]) => start > moment) ?? null;
  const previousGap = (gaps, moment) => gaps.findLast(([start]) => start < moment) ?? null;

  /* How long a stretch is in which there is no footage, all of it together. */
  const lengthWithout = (spans, from, to) => spans.reduce((left, [start, end]) => left - Math.max(0, Math.min(end, to) - Math.max(start, from)), to - from);

  /* The next beginning (or the one before) of something that moves: a bucket that is lively after one that is not. */
  function findActivity({ activity, from, resolution }, moment, direction) {
    const lively = Math.max(12, Math.max(0, ...activity) * 0.35);
    const begins = activity.flatMap((level, index) => (level >= lively && (activity[index - 1] ?? 0) < lively ? [from + index * resolution * 1000] : []));
    return (direction > 0 ? begins.find((at) => at > moment + 1000) : begins.findLast((at) => at < moment - 1000)) ?? null;
  }

  /* Stretches in which any of several cameras has footage. */
  function mergeSpans(lists) {
    const merged = [];
    for (const [start, end] of lists.flat().toSorted((one, other) => one[0] - other[0])) {
      const last = merged.at(-1);
      if (last && start <= last[1]) last[1] = Math.max(last[1], end);
      else merged.push([start, end]);
    }
    return merged;
  }

  /* How a picture of a moment lies within a sheet of previews; null where no sheet has it. */
  function findPreview(sheets, moment) {
    const sheet = sheets.find(({ start, end }) => start <= moment && moment < end);
    if (!sheet) return null;
    const index = Math.min(sheet.columns * sheet.rows - 1, Math.floor((moment - sheet.start) / 1000 / sheet.seconds));
    return { ...sheet, x: index % sheet.columns * sheet.width, y: Math.floor(index / sheet.columns) * sheet.height };
  }

  window.Replay.geometry = {
    SECOND, MINUTE, HOUR, DAY, positionOf, momentAt, clampView, zoom, pan, chooseStep, chooseResolution, listTicks,
    spanAt, nextSpan, firstWithin, gapAt, nextGap, previousGap, lengthWithout, findActivity, mergeSpans, findPreview,
  };
})();
